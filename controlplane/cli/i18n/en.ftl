# The words of the command "cartable". French is the source language.

## Command lines

cmd = Manage the fleet: devices, enrolment tokens, cadence, audit, server
    .after = Exit codes: 0 done, 1 failed, 2 usage or configuration to be corrected, 3 not found, 4 refused or not confirmed, 5 exists already, changed meanwhile, or audit chain broken, 6 server cannot be reached, is busy or stopped, 7 expired.
cmd--config = The configuration file (else ~/.config/cartable/config.toml)
    .value = FILE
cmd--profile = The profile of the configuration file
    .value = NAME
cmd--output = The form of what is printed
    .value = FORM
cmd--lang = The language (else that of the environment, else French)
    .value = LANG
cmd--color = Colours
    .value = WHEN

cmd-device = Devices
cmd-device-list = List devices
cmd-device-list--school = Only those of this establishment
    .value = UAI
cmd-device-list--owner = Only those of this owner
    .value = OWNER
cmd-device-list--model = Only those whose maker or model contains this text
    .value = TEXT
cmd-device-list--health = Only those with this health
    .value = HEALTH
cmd-device-list--state = Only those in this state
    .value = STATE
cmd-device-list--silent = Only those that have said nothing for so long, such as 7d
    .value = SPAN
cmd-device-list--limit = Stop after so many devices
    .value = N
cmd-device-show = Show everything that is known of a device
cmd-device-show--device = Its id, the beginning of it (at least 4 characters), or its serial number
    .value = DEVICE
cmd-device-show--packages = List the installed packages too
cmd-device-approve = Admit a quarantined device
cmd-device-approve--device = Its id, the beginning of it, or its serial number
    .value = DEVICE
cmd-device-approve--why = The reason, for the audit
    .value = TEXT
cmd-device-approve--yes = Do not ask for confirmation
cmd-device-quarantine = Put a device into quarantine
cmd-device-quarantine--device = Its id, the beginning of it, or its serial number
    .value = DEVICE
cmd-device-quarantine--why = The reason, for the audit
    .value = TEXT
cmd-device-quarantine--yes = Do not ask for confirmation
cmd-device-lost = Say that a device is lost or stolen: it cannot come back by itself
cmd-device-lost--device = Its id, the beginning of it, or its serial number
    .value = DEVICE
cmd-device-lost--why = The reason, for the audit
    .value = TEXT
cmd-device-lost--yes = Do not ask for confirmation
cmd-device-revoke = Revoke a device: it gets nothing any more
cmd-device-revoke--device = Its id, the beginning of it, or its serial number
    .value = DEVICE
cmd-device-revoke--why = The reason, for the audit
    .value = TEXT
cmd-device-revoke--yes = Do not ask for confirmation
cmd-device-watch = Print devices as they change
cmd-device-watch--school = Only those of this establishment
    .value = UAI
cmd-device-watch--owner = Only those of this owner
    .value = OWNER
cmd-device-watch--model = Only those whose maker or model contains this text
    .value = TEXT
cmd-device-watch--health = Only those with this health
    .value = HEALTH
cmd-device-watch--state = Only those in this state
    .value = STATE
cmd-device-watch--silent = Only those that had said nothing for so long, such as 7d
    .value = SPAN

cmd-token = Enrolment tokens
cmd-token-create = Make a token; its secret is shown once
cmd-token-create--kind = For one device (unit), for several (kit), or to enrol a known device again (re-enrol)
    .value = KIND
cmd-token-create--device = The device to enrol again: it keeps its id and its history, its former certificates are worth nothing any more
    .value = DEVICE
cmd-token-create--uses = How many devices, 1 to 40 for a kit
    .value = N
cmd-token-create--life = How long it lives, such as 30m, 2h, 3d (at most 24 h, 7 days for a kit)
    .value = SPAN
cmd-token-create--school = The devices' establishment
    .value = UAI
cmd-token-create--owner = The devices' owner, such as commune-besancon
    .value = OWNER
cmd-token-create--kit = The kit the device belongs to
    .value = KIT
cmd-token-create--slot = Its slot in the kit
    .value = SLOT
cmd-token-create--serial = A serial number admitted at once; may be repeated
    .value = SERIAL
cmd-token-create--serials = A file of serial numbers admitted at once, one a line
    .value = FILE
cmd-token-create--note = A note for the list
    .value = TEXT
cmd-token-create--qr = The QR code
    .value = WHEN
cmd-token-list = List open tokens
cmd-token-list--all = Closed tokens too
cmd-token-revoke = Revoke a token
cmd-token-revoke--token = Its id: its first eight characters
    .value = TOKEN
cmd-token-revoke--why = The reason, for the audit
    .value = TEXT

cmd-cadence = The devices' cadence
cmd-cadence-show = Show the cadence
cmd-cadence-set = Change the cadence; what is not named stays
cmd-cadence-set--poll = Between two check-ins, 5s to 24h
    .value = SPAN
cmd-cadence-set--hold = How long an answer may be held back, 0s to 1h
    .value = SPAN
cmd-cadence-set--health = Between two looks at the health, 1m to 24h
    .value = SPAN
cmd-cadence-set--inventory = Between two full inventories, 5m to 7d
    .value = SPAN
cmd-cadence-set--why = The reason, for the audit
    .value = TEXT

cmd-audit = The audit: who did what, when and why
cmd-audit-list = List acts, oldest first
cmd-audit-list--since = From this moment on: 2026-11-22, 2026-11-22T14:05, or 7d for seven days ago
    .value = MOMENT
cmd-audit-list--until = Before this moment, written likewise
    .value = MOMENT
cmd-audit-list--by = Only those of this name: a person, a token or a rule
    .value = NAME
cmd-audit-list--verb = Only this act, such as device_revoke
    .value = ACT
cmd-audit-list--device = Only those about this device: its id or the beginning of it
    .value = DEVICE
cmd-audit-list--refused = Only what was refused
cmd-audit-list--limit = Stop after so many acts
    .value = N
cmd-audit-verify = Verify that the audit chain was neither edited nor cut nor shortened
cmd-audit-verify--checkpoint = Compare with this checkpoint, then replace it; without one a lost end does not show
    .value = FILE
cmd-audit-verify--file = Verify this exported file, without a server
    .value = FILE
cmd-audit-export = Write the audit chain as it is stored, a line of JSON an act
cmd-audit-export--to = The file to write; it must not exist
    .value = FILE

cmd-server = The server
cmd-server-status = Show how the server is
cmd-completion = Print a shell's completion script
cmd-completion--shell = The shell
    .value = SHELL

cmd-operator = Operators: the people who look after the fleet
cmd-operator-invite = Invite somebody; the invitation is shown once
cmd-operator-invite--name = Their name: lower-case letters, digits, dots and hyphens
    .value = NAME
cmd-operator-invite--role = Their role; may be repeated
    .value = ROLE
cmd-operator-invite--owner = Only the equipment of this owner
    .value = OWNER
cmd-operator-invite--school = Only this establishment; may be repeated
    .value = UAI
cmd-operator-invite--life = How long the invitation lives (else 72 h, at most 7 days)
    .value = SPAN
cmd-operator-invite--again = For somebody who is known already: key lost, back again, another role
cmd-operator-invite--why = The reason, for the audit
    .value = TEXT
cmd-operator-accept = Accept an invitation: the key is made here and never leaves
cmd-operator-accept--server = The server's address
    .value = URL
cmd-operator-accept--invitation = The invitation; else it is asked for
    .value = INVITATION
cmd-operator-accept--replace = Replace this profile's key and certificate
cmd-operator-list = List operators and open invitations
cmd-operator-list--all = Those whose access has ended too
cmd-operator-revoke = End an operator's access, or withdraw an invitation
cmd-operator-revoke--name = Their name, or the invitation's id
    .value = NAME
cmd-operator-revoke--why = The reason, for the audit
    .value = TEXT
cmd-operator-revoke--yes = Do not ask for confirmation
cmd-operator-self = Show who one is and what one may do
cmd-operator-renew = Renew one's own certificate
cmd-proposal = What waits for a second person
cmd-proposal-list = List what waits
cmd-proposal-list--all = What is decided or has lapsed too
cmd-proposal-approve = Agree: the act is done
cmd-proposal-approve--proposal = Its id
    .value = PROPOSAL
cmd-proposal-approve--why = The reason, for the audit
    .value = TEXT
cmd-proposal-refuse = Refuse, or withdraw what one has proposed
cmd-proposal-refuse--proposal = Its id
    .value = PROPOSAL
cmd-proposal-refuse--why = The reason, for the audit
    .value = TEXT
cmd-profile = Profiles: a server and the credentials for it
cmd-profile-list = List the profiles
cmd-profile-use = Choose the profile that is meant when none is named
cmd-profile-use--name = The profile's name
    .value = NAME
cmd-device-lost--school = And all of this establishment
    .value = UAI
cmd-device-approve--school = And all of this establishment
    .value = UAI
cmd-device-quarantine--school = And all of this establishment
    .value = UAI
cmd-device-revoke--school = And all of this establishment
    .value = UAI

## Everyday words

unknown = unknown
yes = yes
no = no
none-seen = none seen
serial = no. { $serial }
progress = Waiting for the server…
progress-devices = { $n ->
    [one] { $n } device…
   *[other] { $n } devices…
}
progress-audit = { $n ->
    [one] { $n } act…
   *[other] { $n } acts…
}

status-ok = ok
status-warning = warning
status-critical = critical
status-unknown = unknown
status-none = not applicable
state-active = active
state-quarantined = quarantined
state-revoked = revoked
state-unknown = unknown
contact-never = never
contact-connected = online
reason-not_listed = not on the token's list
reason-same_serial = same serial number as another device
reason-same_uuid = same UUID as another device
reason-by_operator = decided by a person
reason-lost = lost or stolen
reason-too_long_away = back after more than 400 days
reason-too_many_recoveries = more than three recoveries in a year
reason-generation = back with another generation of its identity
reason-cloned = its identity is in use twice

## Devices

device-id = Device
device-state = State
device-health = Health
device-school = Establishment
device-owner = Owner
device-kit = Kit
device-model = Model
device-serial = Serial
device-os = System
device-last-seen = Last contact
device-enrolled = Enrolled
device-agent = Agent
device-certificate = Certificate until
device-clock = Clock
clock-right = right
clock-ahead = ahead by { $span }
clock-behind = behind by { $span }
device-flag = To be looked at
flag-serial = the serial number is not the one it enrolled with any more
flag-system_uuid = the UUID is not the one it enrolled with any more
flag-other_machine = the device says that it is not in the machine that was enrolled
flag-cloned = its identity is in use twice: a token of "cartable token create --device" says which is the right one
device-alike = Devices alike
device-desired = Desired state
device-reported = Last report
device-title = { $product }
device-title-unknown = Device of unknown make and model
device-none = No device fits.
device-watching = Waiting for changes. Ctrl-C to stop.
device-decided = Device { $device }: { $state }
device-revoke-question = Revoke { $device }? The device will get nothing any more. [y/N]
desired-held = applied
desired-older = not yet applied
desired-unknown = not yet confirmed
condition-pending = under way
condition-failed = failed
condition-unknown = unknown
condition-item-cadence = cadence
condition-item-head = desired state received
condition-reason-no_plan = nothing received yet
condition-reason-head_signature = its signature is not valid
condition-reason-head_unreadable = its head cannot be read
condition-reason-head_not_mine = meant for another device
condition-reason-head_stale = older than what is already applied
condition-reason-head_changed = content changed without a new revision
condition-reason-head_not_kept = cannot be kept on the device
condition-reason-plan_missing = its content is missing
condition-reason-plan_digest = its content was altered
condition-reason-plan_unreadable = its content cannot be read

section-hardware = Hardware
section-peripherals = Peripherals
section-system = System
section-packages = Packages
section-health = Health
section-nothing = not received yet

hardware-maker = Maker
hardware-model = Model
hardware-serial = Serial
hardware-uuid = System UUID
hardware-chassis = Case
hardware-firmware = Firmware
hardware-processor = Processor
hardware-memory = Memory
hardware-disk = Disk
hardware-battery = Battery
chassis-desktop = desktop
chassis-mini = mini computer
chassis-all-in-one = all-in-one
chassis-laptop = laptop
chassis-convertible = convertible laptop
chassis-tablet = tablet
chassis-server = server
chassis-other = other
model-unknown = unknown model
processor-cores = { $n ->
    [one] { $n } core
   *[other] { $n } cores
}
processor-threads = { $n ->
    [one] { $n } thread
   *[other] { $n } threads
}
disk-size-unknown = size unknown
disk-rotational = spinning
disk-solid = SSD
disk-encrypted = encrypted
disk-plain = not encrypted
disk-encryption-unknown = encryption unknown
battery-wear = wear { $percent }% ({ $full } Wh of { $design } Wh)
battery-wear-unknown = wear unknown
battery-cycles = { $n ->
    [one] { $n } cycle
   *[other] { $n } cycles
}

peripheral-display = Display
peripheral-camera = Camera
peripheral-microphone = Microphone
peripheral-speaker = Speaker
peripheral-dock = Dock
peripheral-hub = Hub
peripheral-input = Input
display-size = { $inches } in
display-built-in = built in
bus-other = other link
bus-usb = USB
bus-bluetooth = Bluetooth
bus-thunderbolt = Thunderbolt
bus-internal = internal

system-os = System
system-build = Build
system-kernel = Kernel
system-architecture = Architecture
system-zone = Time zone
system-reboot = Restart pending
packages-installed = Installed
packages-count = { $n ->
    [one] { $n } package
   *[other] { $n } packages
}
packages-left-out = { $n ->
    [one] and { $n } more, not sent
   *[other] and { $n } more, not sent
}

check-battery-wear = Battery wear
check-disk-system = Free space (system)
check-disk-home = Free space (files)
check-temperature = Temperature
check-memory-pressure = Waiting for memory
check-memory-available = Memory available
check-clock-skew = Clock skew
check-uptime = Uptime
check-agent-memory = Agent's memory
check-agent-cpu = Agent's processor
check-within = { $value } (threshold: { $threshold })
check-no-threshold = { $value }
check-above = { $value }, threshold of { $threshold } reached
check-below = { $value }, below the threshold of { $threshold }
check-not-reported = the machine does not tell
check-not-fitted = the machine has none
check-too-early = too early to tell
check-other = { $value }, for a reason this version does not know
volume-system = System volume
volume-home = Files volume
volume-free = { $free } free of { $size }

## Operators, proposals, profiles

operator-name = Name
operator-state = State
operator-grants = Roles
operator-until = Until
operator-by = Invited by
operator-invitation = Invitation
operator-state-active = active
operator-state-invited = invited
operator-state-expired = certificate expired
operator-state-revoked = access ended
operator-state-unknown = unknown
role-admin = admin
role-technician = technician
role-loan_desk = loan desk
role-policy_author = policy author
role-publisher = publisher
role-auditor = auditor
role-evaluator = evaluator
role-unknown = unknown role
scope-territory = the whole territory
operator-grant = { $role } ({ $scope })
operator-calls = Calls allowed
operator-invited = Invitation for { $name }
operator-secret = Invitation
operator-invitation-until = Valid until
operator-next = Give it to that person alone; they type on their own machine, then paste the invitation:
operator-once = This invitation will not be shown again.
operator-paste = Paste the invitation, then Enter:
operator-accepted = You are the operator { $name }
operator-profile = Profile
operator-accept-next = To see what you may do:
operator-revoke-question = End the access of { $name }? [y/N]
operator-revoked = The access of { $name } has ended.
operator-renewed = Your certificate is renewed
operator-ends-soon = Your certificate ends on { $date }: renew it with "cartable operator renew".
profile-name = Profile
profile-server = Server
profile-operator = Operator
profile-default = Default
profile-missing = certificate unreadable
profile-used = Default profile: { $name }
proposal-id = Proposal
proposal-verb = Act
proposal-devices = Devices
proposal-by = Proposed by
proposal-why = Reason
proposal-state = State
proposal-until = Until
proposal-state-open = waiting
proposal-state-done = done
proposal-state-refused = refused
proposal-state-lapsed = lapsed
proposal-state-unknown = unknown
proposal-none = Nothing waits.
proposal-waits = Nothing is done yet: a second person has to agree
proposal-next = That person types:
proposal-decided = Proposal { $id }: { $state }
device-revoke-question-many = Revoke { $device } devices? They will get nothing any more. [y/N]
device-revoke-question-school = Revoke all devices of { $device }? They will get nothing any more. [y/N]

## Tokens

token-id = Token
token-kind = Kind
token-state = State
token-uses = Uses
token-expires = Expires
token-school = Establishment
token-owner = Owner
token-device = Device
token-note = Note
token-kit = Kit
token-serials = Serials admitted
token-kind-unit = one device
token-kind-kit = kit
token-kind-re_enrol = enrol again
token-kind-unknown = unknown
token-state-open = open
token-state-used_up = used up
token-state-expired = expired
token-state-locked = locked
token-state-revoked = revoked
token-state-unknown = unknown
token-none = No open token. "cartable token create" makes one.
token-title = Enrolment token
token-secret = Token
token-until = { $date } (in { $life })
token-uses-count = { $n ->
    [one] { $n } device
   *[other] { $n } devices
}
token-serials-count = { $n ->
    [one] { $n } serial number
   *[other] { $n } serial numbers
}
token-next = On the device, type:
token-paste = Then paste the token above when it is asked for, and press Enter.
token-once = This token is shown only once.
token-revoked = Token { $token }: revoked

## Audit

audit-sequence = No.
audit-at = Date
audit-by = By
audit-verb = Act
audit-subject = Subject
audit-outcome = Outcome
audit-why = Reason
audit-by-operator = { $name }
audit-by-enrolment = token { $name }
audit-by-rule = rule { $name }
audit-by-unknown = unknown
audit-done = done
audit-refused = refused
audit-unreadable = unreadable
audit-none = No act fits.
audit-intact = The audit chain is intact.
audit-length = Acts
audit-last = Digest of the last
audit-checkpoint = Acts the checkpoint had seen
audit-no-checkpoint = A lost end of the chain shows only with --checkpoint FILE, kept away from the server.
audit-fault-edited = this entry is no longer the one that was written
audit-fault-cut = entries are missing; the next one has number { $number }
audit-fault-reordered = the entries are no longer in their order
audit-fault-sequence = this entry bears number { $number }
audit-fault-truncated = the chain ends before this entry; the checkpoint had seen { $number }
audit-fault-rewritten = this entry is not the one the checkpoint had seen; it, or one before it, was written anew

## Cadence and server

cadence-title = The devices' cadence
cadence-poll = Between two check-ins
cadence-hold = Answer held back
cadence-health = Between two looks at the health
cadence-inventory = Between two full inventories

server-title = Server
server-address = Address
server-territory = Territory
server-version = Version
server-time = Server's time
server-started = Started
server-active = Devices active
server-quarantined = Quarantined
server-revoked = Revoked
server-held = Check-ins held
server-check-ins = Check-ins answered
server-refused = Calls refused
server-certificate = Server certificate until
server-intermediate = Intermediate certificate until
server-store = Size of the store
server-disk-free = Free space on the disk
server-revision = Revision
server-epoch = Epoch (restores + 1)

## Errors

error-span = "{ $value }" is not a span of time
    .next = write a number and its unit: 45s, 30m, 2h, 7d
error-uai-shape = "{ $value }" is not a UAI
    .next = a UAI is seven digits and a letter, such as 0951099D
error-uai-letter = the letter of the UAI { $value } does not fit its number
    .next = check the number; if it is right, the letter is { $expected }
error-unit-uses = a "unit" token is good for one device only
    .next = add --kind kit to enrol several devices
error-token-device = a re-enrol token names its device, and no other token does
    .next = give --device DEVICE without another --kind
error-cadence = "--{ $field }" is { $low } to { $high }, not { $value }
    .next = write a span within these limits, such as 30m or 2h
error-cadence-nothing = nothing to change was named
    .next = add at least one span: --poll, --hold, --health or --inventory
error-moment = "{ $value }" is not a moment
    .next = write a date (2026-11-22 or 2026-11-22T14:05) or a span, such as 7d for seven days ago
error-checkpoint = { $path } is not a checkpoint
    .next = name a file written by "cartable audit verify --checkpoint", or a new one
error-owner = "{ $value }" is not an owner
    .next = an owner is written in lower-case letters, digits and hyphens, such as commune-besancon
error-token-id = "{ $value }" is not the id of a token
    .next = it has eight letters or digits, such as 7K2M9QXD; "cartable token list" shows them
error-invitation = this is not an invitation
    .next = paste it whole: fourteen groups of four characters
error-invitation-check = the invitation is mistyped
    .next = paste it again, whole
error-profile-name = "{ $value }" cannot name a profile
    .next = use letters, digits and hyphens
error-profile-taken = the profile { $name } exists already ({ $server })
    .next = give another name with --profile, or add --replace
error-profile-server = the profile { $name } is another server's ({ $server })
    .next = give another name with --profile
error-confirm-nobody = nobody is there to confirm
    .next = add --yes to confirm beforehand
error-confirm-no = nothing was changed

failure-detail = detail:
failure-detail-raw = detail:
failure-next = what to do:
failure-the-server = the server
failure-config-missing = there is no configuration file { $path }
    .next = name one by --config FILE or CARTABLE_CONFIG; "cartable-server init --data DIR" writes one to DIR/operator/cartable.toml
failure-config-nowhere = neither HOME nor XDG_CONFIG_HOME says where the configuration is
    .next = name the file by --config FILE or CARTABLE_CONFIG
failure-config-syntax = the configuration file { $path } is not understood
    .next = correct it; a profile has four keys: server, certificate, key, root
failure-profile-missing = { $path } has no profile "{ $name }"
    .next = choose by --profile among: { $known }
failure-address = "{ $address }" is not a server's address
    .next = in the configuration, write server = "https://name:port"
failure-file = the file { $path } cannot be read
    .next = check its path and permissions
failure-file-write = the file { $path } cannot be written
    .next = check its path and permissions, or choose another name
failure-chain = the audit chain is broken at entry { $sequence }
    .next = keep what is there as evidence (copy of the server, exports, checkpoints) and tell the territory's administration
failure-credentials = the profile's certificate, key or root cannot be used
    .next = take the files that came with the configuration again
failure-answer = the server's answer is not understood
    .next = compare "cartable --version" with "cartable server status": the server may be newer
failure-output = the result could not be written
failure-not-found = not found
    .next = "cartable device list" and "cartable token list --all" show what there is
failure-watch-ended = the server has ended the watch
    .next = run the command again; "cartable server status" says whether the server answers
failure-exists = it exists already
failure-conflict = somebody else changed it at the same time
    .next = look at it, then try again
failure-invalid = the server does not accept this value
    .next = correct the command; --help says what is possible
failure-denied = the server refuses
    .next = your operator certificate does not give the right; ask the territory's administration
failure-expired = too late: it has expired
    .next = make a new one
failure-busy = the server has too much to do
    .next = try again in a minute
failure-unreachable = { $server } does not answer
    .next = check the address in the configuration, the network, and that "cartable-server run" is running
failure-untrusted = { $server } does not prove that it is the right server
    .next = check the address and the root file of the configuration; do not go on when in doubt
failure-certificate-refused = the server does not accept your operator certificate
    .next = it may have expired or belong to another server; ask the administration for a new one
failure-other = the server could not do it
    .next = look at the server's log

## What the server answers

answer-device = no device fits "{ $one }"
    .next = "cartable device list" shows the devices
answer-token = there is no token { $one }
    .next = "cartable token list --all" shows the tokens
answer-ambiguous = several devices fit: { $one }
    .next = give the whole id
answer-revoked = device { $one } is revoked for good
    .next = enrol it again with a new token
answer-kit-uses = a kit token is good for 1 to { $one } devices, not { $two }
answer-token-life = this kind of token lives from one minute to { $one } h
answer-token-device = a re-enrol token names its device, and no other token does
answer-token-device-place = a device that enrols again keeps its school, its owner and its kit
answer-serials = a token has at most { $one } serial numbers
answer-serial = "{ $one }" is a placeholder, not a serial number
answer-kit-label = a kit and its slot are named together, with 1 to { $one } characters
answer-note = a note has at most { $one } characters
answer-text = this text is too long
answer-operator = the server speaks only to operator accounts of its territory
answer-role = your role does not allow this
    .next = "cartable operator self" shows what it does
answer-operator-unknown = the server does not know this operator account
    .next = ask the territory's administration for an invitation
answer-operator-ended = the access of this operator account has ended
    .next = ask the territory's administration for an invitation
answer-operator-replaced = this operator's certificate was replaced
    .next = use the new one, or ask for an invitation
answer-out-of-scope = your scope does not reach that far
    .next = name a school (--school) or an owner (--owner) within your scope
answer-invitation = this invitation is not valid here: wrong, expired, used, locked or withdrawn
    .next = ask for another one
answer-beyond = nobody can be granted more than you have
    .next = invite within your scope (--school, --owner)
answer-second = a second person has to agree, not the one who proposed
    .next = ask somebody else of the same role
answer-lapsed = this proposal has lapsed
    .next = propose the act again
answer-last-admin = this is the last admin of the whole territory
    .next = invite another one first
answer-auditor = an auditor has no other role
    .next = give the roles to two people
answer-technician = a technician does not also lend
    .next = give the roles to two people
answer-state-already = all of these devices are in that state already
answer-operator-name = an operator's name has 1 to 64 signs: lower-case letters without accents, digits, dots and hyphens
answer-operator-none = there is no operator { $one }
    .next = "cartable operator list" shows them
answer-proposal-none = there is no proposal { $one }
    .next = "cartable proposal list" shows them
answer-operator-taken = the operator { $one } exists already
    .next = add --again to invite them again
answer-certificate-expired = your certificate has expired
    .next = ask the territory's administration for a new one

## Causes

cause-connection-refused = nothing listens at this address
cause-connection-reset = the connection was cut
cause-not-found = there is no such file
cause-exists = it exists already
cause-permission = permission denied
cause-timed-out = no answer in time
cause-network = the network does not lead to this address
cause-name = no name server knows this name
cause-utf8 = the content is not a text in UTF-8
cause-large = the file is too large
cause-directory = it is a folder
cause-disk-full = there is no space left on the disk
cause-certificate-expired = the server's certificate has expired, or this machine's clock is ahead
cause-certificate-early = the server's certificate is not valid yet, or this machine's clock is behind
cause-certificate-name = the server's certificate is for another name
cause-certificate-issuer = the server's certificate comes from another authority
cause-alert-expired = your certificate has expired
cause-alert-revoked = your certificate is revoked
cause-alert-unknown = your certificate comes from another authority
