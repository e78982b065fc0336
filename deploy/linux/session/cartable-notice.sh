# Says at the beginning of a session what this computer's loan asks for, once it is late. It holds up nobody but a person at a terminal,
# and never root.
if [ -r /run/cartable-agent/session ] && [ -t 0 ] && [ -t 1 ]; then
    case "$-" in
    *i*)
        if [ "$(id -u)" -ne 0 ]; then
            cat /run/cartable-agent/session
            printf 'Entrée pour continuer / Enter to continue '
            read -r cartable_read || :
            unset cartable_read
        fi
        ;;
    esac
fi
