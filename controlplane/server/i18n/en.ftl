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
cmd-probe = Read all content once (internal)
cmd-probe--data = The server's folder
    .value = DIR

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

error-not-empty = { $path } is not empty; `init` never overwrites: choose another folder, or run the server that is there
error-read = { $path } cannot be read
error-write = { $path } cannot be written
error-config = { $path }: { $message }
error-listen = { $address } cannot be listened on: another program probably uses the port; change `listen` in server.toml or stop it
error-name = { $name } is neither a name nor an address of a server
error-damaged = { $path } is damaged ({ $why }); restore it from a backup of the server's folder
error-in-use = another cartable-server uses { $path }: stop it, or choose another folder
error-read-only = { $path } cannot be written: give the server's user write permission, or mount the disk read-write
