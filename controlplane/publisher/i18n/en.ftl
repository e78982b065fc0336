cmd = Pack, sign and publish what devices may install
    .after = Exit codes: 0 done, 1 failed (the reason is said), 2 a command line to correct.
cmd--lang = The language (else that of the environment, else French)
    .value = LANG
cmd--output = The form of the answer
    .value = FORM
cmd-bundle = Resources: a folder becomes a signed bundle
cmd-bundle-init = Write a manifest (bundle.toml) to fill in, into a resource's folder
cmd-bundle-init--folder = The resource's folder
    .value = FOLDER
cmd-bundle-init--name = The resource's name (a-z 0-9 -), else that of the folder
    .value = NAME
cmd-bundle-pack = Cut folders into the repository and propose to publish them
    .long = Devices are offered nothing yet: the proposal must be signed (bundle sign), then published (bundle publish). The file may be carried to a machine without a network and back.
cmd-bundle-pack--folders = The folders, one a resource, each with its bundle.toml
    .value = FOLDER
cmd-bundle-pack--repository = The repository's folder
    .value = DIR
cmd-bundle-pack--to = The proposal's file
    .value = FILE
cmd-bundle-sign = Sign a proposal with a key, on a machine without a network too
    .long = Signs what the key may sign, and shows it first: + is new or changed, - goes. What this key did not itself sign in the version before counts as new. With --folder, the folder is cut here and compared, its name and version too: you sign what you have before you; new resources without a folder are named.
cmd-bundle-sign--proposal = The proposal; it is written anew with the signature
    .value = FILE
cmd-bundle-sign--key = The private key
    .value = FILE
cmd-bundle-sign--folders = A folder whose very resource the proposal must hold; may be repeated
    .value = FOLDER
cmd-bundle-sign--yes = Do not ask
cmd-bundle-publish = Verify a signed proposal and offer it to devices
cmd-bundle-publish--proposal = The proposal
    .value = FILE
cmd-bundle-publish--repository = The repository's folder
    .value = DIR
cmd-release = The agent's releases, in the product's own repository
cmd-release-pack = Propose a release: the agent's program for each kind of machine
    .long = Devices take a release only from a repository made with “repository init --kind product”. Signed and published as resources are (bundle sign, bundle publish).
cmd-release-pack--version = The release's version, as the program says of itself
    .value = VERSION
cmd-release-pack--minimum = The oldest version a device may ever be led back to; never below that of the releases before
    .value = VERSION
cmd-release-pack--programs = A program with its machine, such as linux/x86_64=target/release/cartable-agent; may be repeated
    .value = MACHINE=FILE
cmd-release-pack--repository = The repository's folder
    .value = DIR
cmd-release-pack--to = The proposal's file
    .value = FILE
cmd-floor = The policy floor: what the control plane cannot loosen
cmd-floor-init = Write a floor to fill in
cmd-floor-init--floor = The file to write
    .value = FILE
cmd-floor-pack = Judge a floor, and propose it in the place of the one before
cmd-floor-pack--floor = The floor's file
    .value = FILE
cmd-floor-pack--repository = The repository's folder
    .value = DIR
cmd-floor-pack--to = The proposal's file
    .value = FILE
cmd-list = The filter's lists: from what others publish to what devices get
cmd-list-import = Read a list, judge it, and keep it as the candidate
    .long = Reads the layout of UT1, a folder or a tar archive: domains, urls, usage, global_usage; lines may be names, a hosts file or ||name^. Nothing is unpacked to disk. The gate then compares with what was packed for devices last, else with the list approved last: a category that shrank by more than 30 % or grew by more than 50 %, one that turned from black to white or became another's name, another name that went, a name that no longer stands guard, a name that must never be blocked, one that must be: then the command fails, and the candidate is kept to be looked at.
cmd-list-import--path = The folder, or the archive (tar, tar.gz)
    .value = PATH
cmd-list-import--work = The work folder; it is made when missing
    .value = DIR
cmd-list-import--md5 = The publisher's MD5 sums (integrity only)
    .value = FILE
cmd-list-import--sha256 = The publisher's SHA-256 sums
    .value = FILE
cmd-list-import--own = A list of your own as a category; may be repeated
    .value = NAME=FILE
cmd-list-import--white = A category that holds names to allow, never part of “all”; may be repeated
    .value = NAME
cmd-list-import--sentinels = Names that stand guard (TOML: never, never_beneath, must); else those of the list approved last
    .value = FILE
cmd-list-import--omitted = A name that is left out, whatever the source says; may be repeated
    .value = HOST
cmd-list-import--attribution = Whose lists they are, as their licence demands it to be said
    .value = TEXT
cmd-list-diff = What the candidate changes, category by category
    .long = Against what was packed for devices last; where nothing was, against the list approved last. Names, other names of categories, colours and labels, names that stand guard or are left out, and what was accepted against the gate. Without a candidate: of the approved list.
cmd-list-diff--work = The work folder
    .value = DIR
cmd-list-diff--names = So many names that came and went are shown of each category
    .value = NUMBER
cmd-list-approve = Make the candidate the list that is published next
cmd-list-approve--work = The work folder
    .value = DIR
cmd-list-approve--accepted = What is accepted against the gate: a category, another name of one, a name that no longer stands guard; may be repeated
    .value = NAME
cmd-list-approve--why = Why
    .value = TEXT
cmd-list-approve--by = Who says so (else the user of this machine)
    .value = NAME
cmd-list-approve--digest = The digest that “list diff” showed: nothing else is approved
    .value = DIGEST
cmd-list-publish = Compile the approved list and propose it to devices
    .long = Devices get the bundle cartable-lists: an image, or a small overlay on the last one. The proposal is signed by the role lists and published as any other (bundle sign, bundle publish).
cmd-list-publish--work = The work folder
    .value = DIR
cmd-list-publish--repository = The repository's folder
    .value = DIR
cmd-list-publish--to = The proposal's file
    .value = FILE
cmd-key = Keys
cmd-key-new = Make a key; where it will stay, offline if possible
cmd-key-new--to = The file to make; the public half goes to FILE.pub
    .value = FILE
cmd-key-show = Show a key's id and public half
cmd-key-show--key = The key, or its public half
    .value = FILE
cmd-key-rotate = Propose other keys for a role
    .long = The keys of snapshot and timestamp are made anew on this machine; for other roles, say which to add and remove. A new root must be signed by enough of its old and of its new holders.
cmd-key-rotate--repository = The repository's folder
    .value = DIR
cmd-key-rotate--role = The role
    .value = ROLE
cmd-key-rotate--add = The public half of a key to add; may be repeated
    .value = FILE
cmd-key-rotate--remove = The id of a key to remove, or its beginning (8 signs at least); may be repeated
    .value = ID
cmd-key-rotate--threshold = How many holders must sign from now on
    .value = NUMBER
cmd-key-rotate--to = The proposal's file
    .value = FILE
cmd-repository = The repository: a folder of files that any web server can carry
cmd-repository-init = Make a repository and propose its first documents
cmd-repository-init--repository = The folder to make; it must be empty or missing
    .value = DIR
cmd-repository-init--kind = Whose it is: a territory's holds resources and the floor, the product's holds the agent's releases
    .value = KIND
cmd-repository-init--root = The public half of a root key; may be repeated
    .value = FILE
cmd-repository-init--root_threshold = How many root keys must sign
    .value = NUMBER
cmd-repository-init--targets = The public half of a key of the role targets, which says who publishes what; may be repeated
    .value = FILE
cmd-repository-init--targets_threshold = How many keys of targets must sign
    .value = NUMBER
cmd-repository-init--bundles = The public half of a key that signs resources; may be repeated, else those of targets
    .value = FILE
cmd-repository-init--bundles_threshold = How many of these keys must sign
    .value = NUMBER
cmd-repository-init--floor = The public half of a key that signs the policy floor; may be repeated, else those of targets
    .value = FILE
cmd-repository-init--floor_threshold = How many of these keys must sign
    .value = NUMBER
cmd-repository-init--lists = The public half of a key that signs the filter's lists; may be repeated, else those of targets
    .value = FILE
cmd-repository-init--lists_threshold = How many of these keys must sign
    .value = NUMBER
cmd-repository-init--releases = The public half of a key that signs releases (--kind product); may be repeated, else those of targets
    .value = FILE
cmd-repository-init--releases_threshold = How many of these keys must sign
    .value = NUMBER
cmd-repository-init--to = The proposal's file
    .value = FILE
cmd-repository-refresh = Sign the repository's date anew; to be run each day
cmd-repository-refresh--repository = The repository's folder
    .value = DIR
cmd-repository-renew = Propose to prolong what is signed offline
cmd-repository-renew--repository = The repository's folder
    .value = DIR
cmd-repository-renew--to = The proposal's file
    .value = FILE
cmd-repository-status = Verify the repository and say what it offers, and until when
cmd-repository-status--repository = The repository's folder
    .value = DIR
cmd-completion = Write the completions of a shell
cmd-completion--shell = The shell
    .value = SHELL
cmd-man = Write the manual pages
cmd-man--to = The folder to write them into
    .value = DIR

failed = failed:
man-written = Manual pages written to { $path }
manifest-written = Manifest written: { $path }. Fill it in, then run “cartable-publish bundle pack”.
manifest =
    # The resource's manifest. Lines that begin with # may stay as they are.
    name = "{ $name }"
    version = "1"
    title = "The title that people read in lists"
    description = "What is in it, and for what"
    language = "fr"
    licence = "CC-BY-SA-4.0"
    publisher = "Who publishes it"
    # levels = ["cm1", "cm2"]
    # subjects = ["Sciences et technologie"]
    # systems = ["linux", "windows"]
    # architectures = ["x86_64", "aarch64"]
    # measures = ["hybrid-kit", "pupil-loan"]

floor-written = Floor written: { $path }. Fill it in, then run “cartable-publish floor pack”.
floor =
    # What stays so on every device of the territory, whoever holds the control plane.
    # Counts up with each change.
    version = 1
    # Categories that stay blocked.
    blocked = ["adult"]
    # Names that no list blocks.
    open = ["education.gouv.fr", "eduscol.education.fr", "pix.fr"]
    # Categories among those that a lesson may open, and for how many minutes at most.
    lesson_opens = []
    lesson_minutes = 0
    # How many days a name that a person unblocked stays so at most.
    unblock_days = 30
    # How many days old the list may be that a rollback returns to.
    rollback_days = 14
reading = Reading { $name }
packing = Cutting { $name }
comparing = Comparing { $name }
packed = { $bundle } { $version }: { $files ->
        [one] { $files } file
       *[other] { $files } files
    }, { $bytes }; first installation { $first }; digest { $digest }
packed-patch = Update from { $from }: { $bytes }
released = Release { $version }, nothing below { $minimum } any more; digest { $digest }
released-program = { $machine }: { $bytes }, SHA-256 of the program { $digest }
floor-packed = Floor { $version }: { $blocked ->
        [one] { $blocked } category blocked
       *[other] { $blocked } categories blocked
    }, { $open ->
        [one] { $open } name open
       *[other] { $open } names open
    }
list-imported = { $entries ->
        [one] { $entries } name
       *[other] { $entries } names
    } in { $categories ->
        [one] { $categories } category
       *[other] { $categories } categories
    }, from { $files ->
        [one] { $files } file
       *[other] { $files } files
    }. Not for DNS: addresses { $addresses }, pages { $urls }. Refused lines: { $refused }. Not read: files of expressions { $expressions }, others { $others }.
line-long = the line is too long
line-encoding = no UTF-8
line-single = a single label
line-leads = the address is neither 0.0.0.0 nor loopback
line-exception = a rule that makes an exception
line-rule = a rule that is not for a whole host
name-empty = nothing stands there
name-label-empty = a label is empty
name-label-long = a label has more than 63 bytes
name-long = more than 253 bytes
name-deep = more than 32 labels
name-sign = a sign that no name has
name-international = no international name (UTS 46)
name-number = the last label is a number
list-refused = { $place }: { $why }
list-first = No list was approved before: nothing to compare with. Look at the numbers well.
list-with-packed = Compared with the list that was packed for devices last (imported on { $day }).
list-with-approved = Nothing was packed for devices yet; compared with the list approved last (imported on { $day }).
list-with-accepted = Accepted against the gate there, by { $by }: { $accepted } ({ $why })
list-digest = Digest of what is approved: { $digest }
list-next-approve = Nothing speaks against it. Look with “cartable-publish list diff”, then “cartable-publish list approve”.
list-change = { $category }: { $before } → { $after } (+{ $added } −{ $removed })
list-unchanged = No name came or went.
list-held = Held back by the gate:
list-approved = Approved by { $by }: { $entries ->
        [one] { $entries } name
       *[other] { $entries } names
    }. Next: “cartable-publish list publish”.
list-packed-image = A new image: { $entries } names, { $image }. Who signs compares with --folder { $folder }
list-packed-overlay = { $entries } names; what changed comes as { $overlay } on the image of { $image } ({ $overlays } so far). Who signs compares with --folder { $folder }
held-shrunk = { $category } shrank from { $before } names to { $now }
held-grown = { $category } grew from { $before } names to { $now }
held-white = { $category } now holds names to allow: “all” would no longer block it
held-black = { $category } now holds names to block
held-merged = { $category } is another name of { $into } now: it has that one's names
held-unnamed = { $name } is no longer another name of { $category } at the source; devices go on knowing it
held-parted = { $name } was another name of { $category } and is a category of its own now
held-renamed = { $name } was another name of { $category } and is one of { $now } now
held-unguarded = { $name } no longer stands guard: { $guard }
held-never = { $name }, which must never be blocked, would be
held-must = { $name }, which must be blocked, would no longer be
term-never = never blocked
term-never-beneath = never blocked, nor anything beneath it
term-must = always blocked
term-guard-came = Stands guard: { $name } ({ $guard })
term-guard-gone = No longer stands guard: { $name } ({ $guard })
term-omitted-came = Left out, whatever the source says: { $name }
term-omitted-gone = No longer left out: { $name }
term-name-came = { $category }: also called { $name }
term-name-gone = { $category }: no longer called { $name }
term-name-kept = { $category }: called { $name } by devices alone; the source no longer does
term-merged = { $category }: another name of { $into } at the source, with its names
term-parted = { $category }: no longer another name of another category
term-white = { $category }: holds names to allow
term-black = { $category }: holds names to block
term-label = { $category }: people read “{ $fr }” in French, “{ $en }” in English
term-attribution = Whose lists they are: { $text }
source-outside = it leads out of the list's folder
source-path = the path is too long or too deep, or has signs that no list has
source-twice = it is there twice
source-kind = neither a file, nor a folder, nor a link
source-circle = links lead in a circle
source-many = more than { $limit } files
source-large = more than { $limit } of contents
source-bomb = it swells to more than { $limit } times its size
source-damaged = damaged, or cut short: { $why }
source-nothing = no category with a file named domains or urls
source-places = categories lie in two folders
proposal-written = Proposal written: { $path }. Have it signed with “cartable-publish bundle sign”, then publish it.
standing = { $role }, version { $version }, good until { $expires }; signatures: { $have } of { $need }
line-key = { $name }: key { $value }
line-threshold = { $name }: signatures needed: { $value }
line-delegation = { $name }: may sign the names { $value }
line-target = { $name }, SHA-256 { $value }
line-same = { $count ->
        [one] { $count } target as in the version before
       *[other] { $count } targets as in the version before
    }
not-compared = Compared with no folder: { $name }
complete = All signatures are there: publish with “cartable-publish bundle publish”.
incomplete = Signatures are still missing.
sign-question = Sign? [y/N]
published = Published: { $versions }
refreshed = Date signed anew: { $versions }
role-held = { $role }, version { $version }, good until { $expires }
role-expired = { $role }, version { $version }, EXPIRED { $expires }: devices install nothing any more
nothing-published = Nothing is published yet.
key-made = Key made: { $path }. Id { $id }. Keep it offline; only { $path }.pub is to be given away.
key-shown = Id { $id }, public key { $public }

error-read = { $path } cannot be read: { $why }
error-write = { $path } cannot be written: { $why }
error-manifest = { $path } is no manifest: { $why }
error-floor = the floor, field “{ $field }”: { $why }
error-filter = the lists cannot be compiled: { $why }
error-list = no device would take this list: { $why }
error-source = { $path } is not read as a list: { $why }
error-sentinels = { $path }: { $why }
error-checksum = { $path } is not what { $sums } says: fetch both again
error-list-held = the gate holds this list back. Look with “cartable-publish list diff”, then “list approve --accept NAME --why …”, NAME being what changed. A name that must or must not be blocked cannot be accepted: import again with --omit or other --sentinels.
error-list-none = { $path }: there is no list; “cartable-publish list import” first, then “list approve”
error-list-damaged = { $path } is damaged, or another program changed it; import anew
error-list-other = this is not the list that was looked at: its digest is { $digest }; look again with “cartable-publish list diff”
error-list-unapproved = the list is not what somebody approved, or an earlier release wrote the approval; import and approve again
error-category-reserved = no category may be called “{ $name }”: policies mean all categories by it. Rename it at the source, or give the list as --category NAME=FILE
error-list-same = this list is published already, and nothing was approved since
error-list-needless = nothing speaks against { $category }: there is nothing to accept
error-list-nameless = nobody says who approves: --by
error-list-reason = what is accepted against the gate needs a reason: --why
error-not-delegated = in this repository nobody may sign for the role { $role }. A territory's repository gets the role lists with “cartable-publish key rotate lists --repository DIR --add KEY.pub --to FILE”, signed by the key of targets and the one that is added.
error-name-reserved = { $name } is the name of the filter's lists, made by “cartable-publish list publish”
error-field = { $path }: “{ $field }” is no field of a manifest
error-manifest-field = bundle.toml, field “{ $field }”: { $why }
error-not-regular = { $path } is neither a file nor a folder: a resource holds no links and no devices
error-not-utf8 = { $path }: its name is not UTF-8
error-not-key = { $path } holds no key of this program
error-not-proposal = { $path } is no proposal of this program: { $why }
error-not-repository = { $path } is no published repository: make it with “cartable-publish repository init”, have the proposal signed and publish it
error-not-empty = { $path } is not empty
error-busy = { $path }: another program is publishing there; try again then
error-metadata = { $name } cannot be accepted: { $why }
error-threshold = { $role }: { $have } good signatures, { $need } are needed
error-stale = { $role }: the proposal bears version { $version }, but { $expected } is next; make the proposal anew
error-key-unasked = this key has nothing to sign in this proposal
error-folder-unasked = { $path } gives none of the proposed resources: do not sign before you know why
error-version-old = { $bundle } { $version }: version { $last } is published already; choose a higher one
error-twice = { $bundle } is named twice
error-target-bad = { $name } is missing in the repository, or damaged; make the proposal anew
error-threshold-bad = { $role }: { $threshold } of { $keys } distinct keys is no threshold
error-key-unknown = { $role } has no key { $id }, or several begin so
error-role-online = { $role }: its key is made anew on this machine, without --add, --remove and --threshold
error-not-confirmed = nothing was signed: answer yes, or add --yes
error-path = “{ $path }” cannot be in a resource: { $why }
error-collision = “{ $first }” and “{ $second }” are one where letters have no case
error-limit = too large ({ $what }): at most { $limit }
error-damaged = damaged or foreign data: { $why }
error-other-version = this update begins at another version
error-changed = “{ $path }” changed while it was read; try again
error-contents = the contents cannot be read: { $why }
error-compression = compression failed: { $why }
path-long = the path is too long
path-deep = there are too many folders
path-empty = a part of the path is empty
path-upwards = it leads out of its folder
path-sign = it has a sign that Windows refuses
path-end = a part ends in a dot or a space, which Windows leaves out
path-reserved = a part is a device's name on Windows
field-name = 1 to 60 signs out of a-z, 0-9 and -, and not cartable-agent, which is the agent itself
field-version = one to four numbers with dots between them, such as 2026.9.1
field-title = 1 to 200 signs, without space around
field-description = 1 to 4000 signs, without space around
field-language = a language tag, such as fr or oc-gascon
field-levels = out of { $levels }
field-subjects = at most 20, of 1 to 100 signs each
field-licence = 1 to 100 signs, an SPDX identifier if possible
field-publisher = 1 to 200 signs, without space around
