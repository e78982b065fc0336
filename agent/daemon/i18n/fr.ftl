# Les messages de cartable-agent.

cmd = L'agent Cartable : enrôle cet appareil, dit de quoi il est fait et comment il va
    .after = Codes de sortie : 0 réussite, 1 échec, 2 saisie, 3 appareil non enrôlé, 4 refus du serveur, 6 serveur injoignable
cmd--config = Fichier de configuration [défaut : /etc/cartable/agent.toml s'il existe]
    .value = FICHIER
cmd--state = Dossier des clés et de tout ce que l'agent garde [défaut : /var/lib/cartable-agent]
    .value = DOSSIER
cmd--lang = Langue des messages
    .value = LANGUE
cmd-enrol = Enrôler cet appareil
    .long = Interrompue, la commande peut être relancée avec le même jeton.
cmd-enrol--server = Adresse du serveur, telle que https://cartable.example.fr:8443
    .value = URL
cmd-enrol--token = Jeton d'enrôlement ; « - » le lit sur l'entrée standard
    .value = JETON
cmd-run = Rester en contact avec le serveur
cmd-run--check_config = Vérifier la configuration et s'arrêter là
cmd-run--acknowledgements = Noter dans ce fichier chaque section dont le serveur a accusé réception
    .value = FICHIER
cmd-status = Dire où en est cet appareil
cmd-status--output = Forme de la réponse
    .value = FORME

enrolled = Cet appareil est enrôlé sous le numéro { $device } auprès de { $server }.
enrolled-quarantined = Il est en quarantaine : une personne doit encore l'approuver (cartable device approve { $device }).
enrolled-next = Étape suivante : cartable-agent run
config-good = La configuration est bonne : { $file }
config-default = La configuration est bonne : valeurs par défaut, { $file } n'existe pas

status-not-enrolled = Cet appareil n'est pas enrôlé (dossier { $state }).
status-not-enrolled-next = Pour l'enrôler : cartable-agent enrol --server URL --token JETON
status-server = Serveur
status-device = Appareil
status-territory = Territoire
status-agent = Agent
status-running = en marche
status-stopped = arrêté ; pour le démarrer : cartable-agent run
status-contact = Dernier contact
status-never = jamais
status-link = Liaison
status-link-open = ouverte
status-link-closed = fermée
status-join = Admission
status-join-active = admis
status-join-quarantined = en quarantaine : une personne doit encore l'approuver
status-join-refused = refusé par le serveur, sans doute révoqué ; adressez-vous au service informatique
status-join-unknown = encore inconnue
status-generation = État voulu
status-generation-text = révision { $revision }, époque { $epoch }
status-none = aucun
status-waiting = En attente d'envoi
status-waiting-text = { $n ->
    [0] rien
    [one] { $n } section, { $bytes }
   *[other] { $n } sections, { $bytes }
}
status-clock = Horloge
status-clock-right = à l'heure
status-clock-ahead = en avance de { $span }
status-clock-behind = en retard de { $span }
status-certificate = Certificat valable jusqu'au
status-condition = État de « { $item } »
status-condition-held = appliqué
status-condition-pending = en cours ({ $reason })
status-condition-failed = en échec ({ $reason })
status-fault = Dernière erreur
fault-unreachable = serveur injoignable
fault-proxy = refus du serveur mandataire
fault-untrusted = le serveur n'est pas celui de confiance
fault-refused = refus du serveur
fault-answer = réponse du serveur non valable
fault-state = dossier d'état inutilisable
fault-text = { $at } : { $what } ({ $detail })

error = erreur : { $text }
error-file = { $path } : { $detail }
error-file-permission = { $path } : accès refusé ; lancez la commande en tant qu'administrateur (root)
error-damaged-delete = { $path } est abîmé ({ $detail }) ; supprimez les fichiers « head » et « plan-* » de ce dossier, le serveur les renverra
error-damaged-enrol = { $path } est abîmé ({ $detail }) ; mettez le dossier de côté et enrôlez l'appareil de nouveau, avec un nouveau jeton
error-locked = { $path } : un autre agent utilise ce dossier ; arrêtez-le ou indiquez un autre dossier avec --state
error-not-enrolled = cet appareil n'est pas enrôlé (dossier { $path }) ; enrôlez-le d'abord : cartable-agent enrol --server URL --token JETON
error-already = cet appareil est déjà enrôlé (dossier { $path }) ; pour l'enrôler ailleurs, révoquez-le sur le serveur et mettez ce dossier de côté
error-config = configuration non valable, { $path } : { $detail }
error-server = « { $detail } » n'est pas l'adresse d'un serveur ; exemple : https://cartable.example.fr:8443
error-proxy-address = l'adresse du serveur mandataire doit être de la forme http://[utilisateur:mot-de-passe@]hôte:port
error-token-character = le jeton contient un caractère qui n'en fait jamais partie ({ $detail }) ; recopiez-le
error-token-length = un jeton compte 56 caractères, celui-ci { $detail } ; recopiez-le en entier
error-token-check = le jeton est mal recopié : ses caractères de contrôle ne correspondent pas
error-token-missing = il manque le jeton : --token JETON, --token - ou la variable CARTABLE_TOKEN
error-unreachable = { $target } est injoignable ({ $detail }) ; vérifiez l'adresse, le réseau et le serveur mandataire, puis relancez
error-proxy = le serveur mandataire refuse la connexion (code { $detail }) ; demandez qu'il laisse passer CONNECT vers ce serveur
error-proxy-password = le serveur mandataire demande un nom et un mot de passe : mettez-les dans la configuration, proxy = "http://utilisateur:mot-de-passe@hôte:port"
error-untrusted = le serveur { $target } n'est pas celui que cet appareil ou ce jeton connaît ({ $detail }) ; vérifiez l'adresse et l'heure de l'appareil, ou demandez un nouveau jeton
error-refused = le serveur refuse : { $detail }
error-refused-token = le serveur refuse ce jeton : il est inconnu, expiré, épuisé ou bloqué ; demandez-en un nouveau
error-answer = la réponse du serveur n'est pas valable ({ $detail }) ; rien n'a été enregistré
error-identity = clé ou certificat inutilisable : { $detail }
error-system = le système refuse : { $detail }
