cmd = The Cartable server: it knows the fleet and talks to devices
    .after = Exit codes: 0 done, 1 failed (the reason is said), 2 usage to be corrected.
cmd--lang = The language (else that of the environment, else French)
    .value = LANG
cmd-init = Make a server: its keys, its first operator, its configuration
cmd-init--data = The folder to make; it must be empty or absent
    .value = DIR
cmd-init--territory = The territory, such as doubs
    .value = NAME
cmd-init--listen = Where to listen
    .value = ADDRESS
cmd-init--names = A name or address of the server; repeatable, the first one stands in commands
    .value = HOST
cmd-init--operator = The first operator's name
    .value = NAME
cmd-run = Run the server until it is stopped
cmd-run--data = The server's folder
    .value = DIR
cmd-run--check_config = Check configuration and keys without starting
cmd-export = Write all content to a file (JSON lines), the server being stopped
cmd-export--data = The server's folder
    .value = DIR
cmd-export--to = The file to make
    .value = FILE
cmd-import = Take an export into a server that is still empty
cmd-import--data = The server's folder
    .value = DIR
cmd-import--from = The export
    .value = FILE
cmd-backup = Copy the whole server into one file, while it runs or is stopped
    .long = The file holds private keys: whoever has it can pass for this server. It is made for its owner's eyes only; encrypt it before it leaves the machine, for instance with age in a pipe (--to -). The root's key is left out unless asked for.
cmd-backup--data = The server's folder
    .value = DIR
cmd-backup--to = A file that is not there yet, a folder (the name then tells the moment), or - for standard output
    .value = PLACE
cmd-backup--keep = In a folder, keep only so many of the newest backups of this territory
    .value = COUNT
cmd-backup--with_root_key = Also copy the root's key, where it still lies on the server
cmd-backup--verify = Read a backup to its end and say what is in it; - for standard input
    .value = FILE
cmd-backup--output = The form
    .value = FORM
cmd-restore = Make a server's folder from a backup; nothing is ever overwritten
    .long = Devices follow the restored server from their next contact on. Open tokens and invitations are closed: whether they were used since the backup is not known. With --ends, who was revoked or lost since the backup stays out.
cmd-restore--from = The backup; - for standard input
    .value = FILE
cmd-restore--data = The folder to make; it must be empty or absent
    .value = DIR
cmd-restore--ends = The file in which the former server noted who was revoked or lost (ends.jsonl)
    .value = FILE
cmd-restore--output = The form
    .value = FORM
cmd-healthcheck = Ask the running server of this machine whether it serves
cmd-healthcheck--data = The server's folder
    .value = DIR
cmd-operator = Make the folder's operator anew, when every admin's key is lost
cmd-operator--data = The server's folder
    .value = DIR
cmd-operator--name = The operator's name
    .value = NAME
cmd-completion = Print a shell's completion script
cmd-completion--shell = The shell
cmd-man = Write the manual pages, in the language chosen
cmd-man--to = The folder to put them into; made if it is absent
    .value = DIR
cmd-vault = Look after the identity vault: names and addresses, sealed, apart from the fleet
    .after = The key is in no backup: keep two copies of it, apart from the backups. Without it nobody reads the vault again.
cmd-vault-init = Make the vault and its key
    .long = The key goes into a file of its own, outside the server's folder, for its owner's eyes only. The server has the vault from its next start on.
cmd-vault-init--data = The server's folder
    .value = DIR
cmd-vault-init--key = The key's file, to be made
    .value = FILE
cmd-vault-rekey = Give the vault a new key, the server being stopped
    .long = Everything is sealed anew; borrowers' references stay. Older backups can be opened with the old key only. If it is cut, give the command again.
cmd-vault-rekey--data = The server's folder
    .value = DIR
cmd-ca = Look after the server's keys and certificates
    .after = A running server takes new ones up within a minute, or at once on SIGHUP; no restart.
cmd-ca-status = Show the certificates, their ends, and what is to be done
cmd-ca-status--data = The server's folder
    .value = DIR
cmd-ca-status--output = The form
    .value = FORM
cmd-ca-rotate = Replace the server's certificate, the intermediate, or the online key
    .long = The server's certificate renews itself; "server" does it at once. "intermediate" needs the root's key. "online-key" takes two steps: devices first learn the new key, then --finish puts it to use.
cmd-ca-rotate--what = What to replace
    .value = WHAT
cmd-ca-rotate--data = The server's folder
    .value = DIR
cmd-ca-rotate--root_key = The root's key, brought on a stick (else the one in the folder)
    .value = FILE
cmd-ca-rotate--names = With "server": a name or address of the server, in the place of all before; repeatable
    .value = HOST
cmd-ca-rotate--finish = Finish the replacement of the online key
cmd-ca-rotate--stolen = The online key was stolen: put it out at once
cmd-ca-rotate--dry_run = Check that it could be done, and change nothing
cmd-ca-publisher = Tell devices whose resources to install: the root of the publisher's repository
cmd-ca-publisher--root = The root's file, such as public/metadata/1.root.json of the repository
cmd-ca-publisher--data = The server's folder
cmd-ca-publisher--root_key = The root's key, brought on a stick (else the one in the folder)
cmd-ca-publisher--dry_run = Show whose root it is, check that it could be done, and change nothing
cmd-ca-export-root = Copy the root, to take its key offline
cmd-ca-export-root--data = The server's folder
    .value = DIR
cmd-ca-export-root--to = The folder to copy it to, for example on a USB stick
    .value = DIR
cmd-ca-export-root--with_key = Copy the root's key too, and verify the copy
cmd-ca-export-root--remove = Then delete the root's key from the server
cmd-ca-request = Write a request for an intermediate, to be signed where the root's key lies
cmd-ca-request--data = The server's folder
    .value = DIR
cmd-ca-request--to = The request's file, to be created
    .value = FILE
cmd-ca-sign = Sign a request, offline
cmd-ca-sign--root = The root's certificate
    .value = FILE
cmd-ca-sign--root_key = The root's key
    .value = FILE
cmd-ca-sign--request = The request
    .value = FILE
cmd-ca-sign--to = The certificate's file, to be created
    .value = FILE
cmd-ca-import = Put the signed intermediate to use
cmd-ca-import--data = The server's folder
    .value = DIR
cmd-ca-import--from = The signed certificate
    .value = FILE
cmd-probe = Read all content once (internal)
cmd-probe--data = The server's folder
    .value = DIR
cmd-probe--vault = The vault, and not the fleet's store

failed = Error:
listening = cartable-server listens on { $address }
config-good = { $path } and the keys are in order.
progress = { $entries } entries…
exported = { $entries ->
    [one] { $entries } entry written
   *[other] { $entries } entries written
} to { $path }, at revision { $revision }.
imported = { $entries ->
    [one] { $entries } entry taken
   *[other] { $entries } entries taken
}; epoch { $epoch }. Devices will follow at their next contact.
operator-made = The operator { $name } is made. The server lets them in when it is started the next time, for the whole territory;
    their key from before is then worth nothing. Restart the server, then:
    cartable --config { $profile } operator self
init-done = The server is made in { $data }.

    To do now, in this order:
    1. Take the root key offline: copy { $key } to two media kept in a safe
       place, check the copies, then erase the original. The server does not need it to run;
       it will be needed to renew the intermediate authority.
    2. Start: cartable-server run --data { $data }
    3. From an operator's machine: cartable --config { $profile } server status

man-written = The manual pages are in { $path }; to read the first one: man -l { $path }/cartable-server.1

ca-what = Certificate
ca-subject = Name
ca-until = End
ca-days = Days
ca-serial = Serial number
ca-root = root
ca-intermediate = intermediate
ca-server = server
ca-online = Online key: { $key }…, known to devices by trust roots version { $version }.
ca-root-key-here = Root's key: { $path }
ca-root-key-away = Root's key: not on this server, as it should be.
ca-advice-root_key_here = To do: take the root's key offline, with "cartable-server ca export-root --with-key --remove".
ca-advice-intermediate_ends = To do: renew the intermediate, with "cartable-server ca rotate intermediate" or "ca request".
ca-advice-intermediate_asked = Waiting: an intermediate was asked for; when it comes back, "cartable-server ca import".
ca-advice-online_under_way = Under way: the online key is being replaced; when devices have had time to call, "cartable-server ca rotate online-key --finish".
ca-rotate-dry = It could be done. Nothing has changed.
ca-server-done = The server has a new certificate; if it is running, it takes it up within a minute.
ca-intermediate-done = The intermediate is replaced. Devices learn it as they renew their certificates; the one before is recognised until it ends. Take the root's key away again.
ca-online-begun = Devices learn the new key (trust roots version { $version }) from their next contact on; the old one still signs. Then: cartable-server ca rotate online-key --finish. The root's key is needed no more: take it away again.
ca-online-finished = The new key signs, and it alone is recognised (trust roots version { $version }). A device that is away learns it when it comes back.
ca-online-stolen = The stolen key is out (trust roots version { $version }): each device refuses it from its next contact on. Take the root's key away again.
ca-publisher-root = Root of the repository of resources, version { $version }. SHA-256: { $sha256 }. Compare with the publisher's word. Its keys, { $threshold } of { $count } of which must sign:
ca-publisher-done = Devices install what this repository signs (trust roots version { $version }), from their next contact on. Take the root's key away again.
ca-root-certificate = The root's certificate is in { $path }. Fingerprint: { $pin }
ca-root-copied = The root and its key are copied to { $path } and verified. Fingerprint: { $pin }
    Make a second copy on another medium, keep the two in different places, then do it again with --remove.
ca-root-moved = The root and its key are copied to { $path } and verified, and the key is deleted here. Fingerprint: { $pin }
    Make a second copy and keep it elsewhere. On an SSD or in a backup a trace may remain: if need be, erase those too.
ca-request-done = The request is in { $path }; the key stays here. Take it to where the root's key lies: cartable-server ca sign. Then here: cartable-server ca import.
ca-sign-done = The certificate is in { $path }. Bring it back to the server: cartable-server ca import.
ca-import-done = The intermediate is replaced. Devices learn it as they renew their certificates; the one before is recognised until it ends.

error-not-empty = { $path } is not empty; `init` never overwrites: choose another folder, or run the server that is there
error-read = { $path } cannot be read
error-write = { $path } cannot be written
error-config = { $path }: { $message }
error-listen = { $address } cannot be listened on: another program probably uses the port; change `listen` in server.toml or stop it
error-name = { $name } is neither a name nor an address of a server
error-damaged = { $path } is damaged ({ $why }); restore it from a backup of the server's folder
error-in-use = another cartable-server uses { $path }: stop it, or choose another folder
error-read-only = { $path } cannot be written: give the server's user write permission, or mount the disk read-write
error-vault-none = this server has no vault: "cartable-server vault init" makes one
error-vault-made = this server has a vault already; "cartable-server vault rekey" gives it a new key
error-vault-missing = { $path } is missing: restore the vault from a backup; if a change of keys was cut here, give "vault rekey" again
error-vault-key-inside = { $path } lies within the server's folder: keep the vault's key elsewhere, or who takes the folder has both
error-vault-key-other = { $path } is not the key of this vault, of which nothing was changed: bring back the right key; if a change of keys was cut here, give "vault rekey" again
error-vault-key-open = others than its owner may read { $path }: chmod 600 { $path }
error-vault-key-shape = { $path } holds no key of a vault
error-ca-busy = another program is changing keys or certificates at this moment; try again
error-ca-root-key-missing = this needs the root's key, which is not here: bring it and say where it lies with --root-key
error-ca-root-key-other = this is not the key of this root
error-ca-intermediate-ended = the intermediate has ended: renew it first, with "ca rotate intermediate"
error-ca-under-way = the online key is being replaced already: finish first, with --finish
error-ca-not-under-way = no replacement of the online key is under way
error-ca-not-asked = no intermediate was asked for here: begin with "ca request"
error-ca-same-copy = that copy is the root's key itself: name a folder on another medium
error-ca-no-copy = the root's key is deleted only with a copy that was verified: add --with-key
error-ca-publisher-root = this is not the signed root of a repository of resources, as cartable-publish writes it (public/metadata/1.root.json)
error-ca-publisher-root-ended = this root of a repository has expired: renew it first, with "cartable-publish repository renew"
serving = The server at { $address } serves.
backup-progress = { $mib } MiB…
backup-taken = The backup is in { $path } ({ $size }), up to revision { $revision }.
backup-removed = Removed, being older than those to be kept: { $path }
backup-root-key = The root's key is in it: keep it apart from all other backups, offline.
backup-no-root-key = The root's key is not in it: keep two copies of that one offline (cartable-server ca export-root).
backup-vault = The identity vault is in it, sealed. Its key is not: without it nobody reads the vault again.
vault-made = The vault is made, its key is { $key }.
    Keep two copies of the key, apart from the backups: no backup holds it, and without it nobody reads the vault again.
    The server has the vault from its next start on ({ $path } names the key).
vault-rekeyed = { $entries ->
    [one] { $entries } entry was sealed anew.
   *[other] { $entries } entries were sealed anew.
} Copy the new key now; keep the old one as long as backups made with it.
backup-secret = It holds private keys: encrypt it before it leaves this machine.
backup-unnoted = Attention: the data folder could not be told of it, so that the metrics do not show it: { $why }
backup-good = The backup is whole. Territory { $territory }, made { $made } by version { $program }, revision { $revision }, epoch { $epoch }.
backup-holds = { $files ->
    [one] It holds { $files } file
   *[other] It holds { $files } files
}, { $size }:
restored = The server of { $territory } is restored in { $data }, as it was at { $made } (revision { $revision }); epoch { $epoch }. Devices follow from their next contact on.
restored-reports = Reports of devices that are older than the backup's journal are not in it: each device sends its own again.
restored-tokens = { $tokens ->
    [0] No token and no invitation was open.
    [one] { $tokens } open token or invitation was closed: make a new one.
   *[other] { $tokens } open tokens and invitations were closed: make new ones.
}
restored-ends = Ended since the backup, and now ended again: { $devices ->
    [one] { $devices } device
   *[other] { $devices } devices
}, { $operators ->
    [one] { $operators } operator
   *[other] { $operators } operators
}.
restored-no-ends = No file of ends was given (--ends): look through whatever was revoked or lost since the backup, and do it again.
error-backup-not-ours = this is no backup of cartable-server
error-backup-newer = a newer cartable-server has made this backup: restore it with that one
error-backup-damaged = this backup is damaged or cut off ({ $why }): take another one
error-backup-busy = another restore is filling this folder
error-unfinished = { $path } was being restored and is not complete: run the restore again
error-exists = { $path } is there already and is not overwritten
error-no-copy = { $path } cannot be copied ({ $why }): restart the server, which puts the store in order, and try again
error-terminal = a backup is not for a terminal: send it into a pipe or a file
error-not-serving = the server at { $address } does not serve: { $why }
error-name-lost = { $name } must stay among the names, for devices reach this server by it; to change it, change "url" in server.toml first, and keep the former name as a further --name until every device has enrolled with the new one
error-ca-names-other = only the server's certificate has names: "ca rotate server --name"
