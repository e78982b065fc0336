# The words that the three programs share: help, usage errors, spans of time.

help-usage = Usage:
help-commands = Commands
help-command-value = COMMAND
help-arguments = Arguments
help-options = Options
help-common = Common options
help-help = Print this help
help-version = Print the version
help-possible = values: { $value }
help-default = default: { $value }
help-env = environment: { $value }

usage-error = error:
usage-value = "{ $value }" is not a value of "{ $argument }"
usage-value-not-possible = "{ $value }" is not a value of "{ $argument }"; possible values: { $possible }
usage-value-missing = "{ $argument }" wants a value
usage-values-many = "{ $argument }" was given too many values
usage-values-few = "{ $argument }" was not given enough values
usage-argument-unknown = "{ $argument }" is not an option or argument of this command
usage-argument-missing = missing: { $argument }
usage-command-unknown = "{ $command }" is not a command
usage-command-missing = a command is missing after "{ $command }"
usage-conflict = "{ $argument }" does not go with "{ $prior }"
usage-utf8 = the command line holds a text that is not UTF-8
usage-other = the command line is not understood
usage-suggestion = Did you mean { $value }?
usage-quoted = "{ $value }"
or = or
usage-hint = To learn more, add --help

span-days = { $n ->
    [one] { $n } day
   *[other] { $n } days
}
span-hours = { $n } h
span-minutes = { $n } min
span-seconds = { $n } s
