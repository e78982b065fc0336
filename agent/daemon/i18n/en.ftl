# The messages of cartable-agent.

cmd = The Cartable agent: enrols this device, says what it is made of and how it is
    .after = Exit codes: 0 done, 1 failed, 2 usage, 3 not enrolled, 4 refused by the server, 6 server out of reach
cmd--config = Configuration file [default: /etc/cartable/agent.toml if it exists]
    .value = FILE
cmd--state = Folder of the keys and of all the agent keeps [default: /var/lib/cartable-agent]
    .value = FOLDER
cmd--lang = Language of the messages
    .value = LANGUAGE
cmd-enrol = Enrol this device
    .long = If it is interrupted, run it again with the same token.
cmd-enrol--server = The server's address, such as https://cartable.example.fr:8443
    .value = URL
cmd-enrol--token = Enrolment token; "-" reads it from standard input
    .value = TOKEN
cmd-run = Keep in touch with the server
cmd-run--check_config = Check the configuration and stop there
cmd-run--acknowledgements = Note in this file each section the server acknowledged
    .value = FILE
cmd-status = Say where this device stands
cmd-status--output = Form of the answer
    .value = FORM

enrolled = This device is enrolled as { $device } with { $server }.
enrolled-quarantined = It is quarantined: a person has yet to approve it (cartable device approve { $device }).
enrolled-next = Next: cartable-agent run
config-good = The configuration is good: { $file }
config-default = The configuration is good: defaults, { $file } does not exist

status-not-enrolled = This device is not enrolled (folder { $state }).
status-not-enrolled-next = To enrol it: cartable-agent enrol --server URL --token TOKEN
status-server = Server
status-device = Device
status-territory = Territory
status-agent = Agent
status-running = running
status-stopped = stopped; to start it: cartable-agent run
status-contact = Last contact
status-never = never
status-link = Connection
status-link-open = open
status-link-closed = closed
status-join = Admission
status-join-active = admitted
status-join-quarantined = quarantined: a person has yet to approve it
status-join-refused = refused by the server, most likely revoked; ask your IT staff
status-join-unknown = not known yet
status-generation = Desired state
status-generation-text = revision { $revision }, epoch { $epoch }
status-none = none
status-waiting = Waiting to be sent
status-waiting-text = { $n ->
    [0] nothing
    [one] { $n } section, { $bytes }
   *[other] { $n } sections, { $bytes }
}
status-clock = Clock
status-clock-right = right
status-clock-ahead = ahead by { $span }
status-clock-behind = behind by { $span }
status-certificate = Certificate valid until
status-condition = State of "{ $item }"
status-condition-held = applied
status-condition-pending = under way ({ $reason })
status-condition-failed = failed ({ $reason })
status-fault = Last error
fault-unreachable = server out of reach
fault-proxy = the proxy refuses
fault-untrusted = the server is not the trusted one
fault-refused = the server refuses
fault-answer = the server's answer is not valid
fault-state = the state folder cannot be used
fault-text = { $at }: { $what } ({ $detail })

error = error: { $text }
error-file = { $path }: { $detail }
error-file-permission = { $path }: permission denied; run the command as administrator (root)
error-damaged-delete = { $path } is damaged ({ $detail }); delete the files "head" and "plan-*" of this folder, the server sends them again
error-damaged-enrol = { $path } is damaged ({ $detail }); move the folder away and enrol the device again with a new token
error-locked = { $path }: another agent is using this folder; stop it or name another folder with --state
error-not-enrolled = this device is not enrolled (folder { $path }); enrol it first: cartable-agent enrol --server URL --token TOKEN
error-already = this device is already enrolled (folder { $path }); to enrol it elsewhere, revoke it on the server and move this folder away
error-config = the configuration is not valid, { $path }: { $detail }
error-server = "{ $detail }" is not a server's address; for example: https://cartable.example.fr:8443
error-proxy-address = the proxy's address must be of the form http://[user:password@]host:port
error-token-character = the token holds a character that is never part of one ({ $detail }); copy it again
error-token-length = a token has 56 characters, this one { $detail }; copy all of it
error-token-check = the token was mistyped: its check characters do not fit
error-token-missing = the token is missing: --token TOKEN, --token - or the variable CARTABLE_TOKEN
error-unreachable = { $target } cannot be reached ({ $detail }); check the address, the network and the proxy, then try again
error-proxy = the proxy refuses the connection (status { $detail }); ask that it lets CONNECT through to this server
error-proxy-password = the proxy asks for a user name and a password: put them into the configuration, proxy = "http://user:password@host:port"
error-untrusted = the server { $target } is not the one this device or this token knows ({ $detail }); check the address and this device's clock, or ask for a new token
error-refused = the server refuses: { $detail }
error-refused-token = the server refuses this token: it is unknown, expired, used up or locked; ask for a new one
error-answer = the server's answer is not valid ({ $detail }); nothing was kept
error-identity = a key or certificate cannot be used: { $detail }
error-system = the system refuses: { $detail }
