# Les mots de la commande « cartable ». Le français est la langue source.

## Lignes de commande

cmd = Gérer le parc : appareils, jetons d'enrôlement, cadence, audit, serveur
    .after = Codes de sortie : 0 fait, 1 échec, 2 saisie ou configuration à corriger, 3 introuvable, 4 refusé ou non confirmé, 5 existe déjà, modifié entre-temps, ou chaîne d'audit rompue, 6 serveur injoignable, occupé ou arrêté, 7 expiré.
cmd--config = Le fichier de configuration (sinon ~/.config/cartable/config.toml)
    .value = FICHIER
cmd--profile = Le profil du fichier de configuration
    .value = NOM
cmd--output = La forme de ce qui est affiché
    .value = FORME
cmd--lang = La langue (sinon celle de l'environnement, sinon le français)
    .value = LANGUE
cmd--color = Les couleurs
    .value = QUAND

cmd-device = Les appareils
cmd-device-list = Lister les appareils
cmd-device-list--school = Seulement ceux de cet établissement
    .value = UAI
cmd-device-list--owner = Seulement ceux de ce propriétaire
    .value = PROPRIÉTAIRE
cmd-device-list--model = Seulement ceux dont le fabricant ou le modèle contient ce texte
    .value = TEXTE
cmd-device-list--health = Seulement ceux de cet état de santé
    .value = SANTÉ
cmd-device-list--state = Seulement ceux de cet état
    .value = ÉTAT
cmd-device-list--silent = Seulement ceux qui n'ont rien dit depuis cette durée, par exemple 7d
    .value = DURÉE
cmd-device-list--limit = S'arrêter après tant d'appareils
    .value = N
cmd-device-show = Montrer tout ce que l'on sait d'un appareil
cmd-device-show--device = Son identifiant, le début de celui-ci (au moins 4 caractères) ou son numéro de série
    .value = APPAREIL
cmd-device-show--packages = Lister aussi les paquets installés
cmd-device-approve = Admettre un appareil mis en quarantaine
cmd-device-approve--device = Son identifiant, le début de celui-ci ou son numéro de série
    .value = APPAREIL
cmd-device-approve--why = La raison, pour le journal d'audit
    .value = TEXTE
cmd-device-approve--yes = Ne pas demander confirmation
cmd-device-quarantine = Mettre un appareil en quarantaine
cmd-device-quarantine--device = Son identifiant, le début de celui-ci ou son numéro de série
    .value = APPAREIL
cmd-device-quarantine--why = La raison, pour le journal d'audit
    .value = TEXTE
cmd-device-quarantine--yes = Ne pas demander confirmation
cmd-device-lost = Signaler un appareil perdu ou volé : il ne peut pas revenir de lui-même
cmd-device-lost--device = Son identifiant, le début de celui-ci ou son numéro de série
    .value = APPAREIL
cmd-device-lost--why = La raison, pour le journal d'audit
    .value = TEXTE
cmd-device-lost--yes = Ne pas demander confirmation
cmd-device-revoke = Révoquer un appareil : il n'obtient plus rien
cmd-device-revoke--device = Son identifiant, le début de celui-ci ou son numéro de série
    .value = APPAREIL
cmd-device-revoke--why = La raison, pour le journal d'audit
    .value = TEXTE
cmd-device-revoke--yes = Ne pas demander confirmation
cmd-device-watch = Afficher les appareils à mesure qu'ils changent
cmd-device-watch--school = Seulement ceux de cet établissement
    .value = UAI
cmd-device-watch--owner = Seulement ceux de ce propriétaire
    .value = PROPRIÉTAIRE
cmd-device-watch--model = Seulement ceux dont le fabricant ou le modèle contient ce texte
    .value = TEXTE
cmd-device-watch--health = Seulement ceux de cet état de santé
    .value = SANTÉ
cmd-device-watch--state = Seulement ceux de cet état
    .value = ÉTAT
cmd-device-watch--silent = Seulement ceux qui n'avaient rien dit depuis cette durée, par exemple 7d
    .value = DURÉE

cmd-token = Les jetons d'enrôlement
cmd-token-create = Créer un jeton ; son secret n'est montré qu'une fois
cmd-token-create--kind = Pour un appareil (unit), pour un lot (kit) ou pour enrôler de nouveau un appareil connu (re-enrol)
    .value = GENRE
cmd-token-create--device = L'appareil à enrôler de nouveau : il garde son identifiant et son histoire, ses anciens certificats ne valent plus rien
    .value = APPAREIL
cmd-token-create--uses = Combien d'appareils, 1 à 40 pour un lot
    .value = N
cmd-token-create--life = Sa durée de vie, par exemple 30m, 2h, 3d (au plus 24 h, 7 jours pour un lot)
    .value = DURÉE
cmd-token-create--school = L'établissement des appareils
    .value = UAI
cmd-token-create--owner = Le propriétaire des appareils, par exemple commune-besancon
    .value = PROPRIÉTAIRE
cmd-token-create--kit = Le kit auquel l'appareil appartient
    .value = KIT
cmd-token-create--slot = Sa place dans le kit
    .value = PLACE
cmd-token-create--serial = Un numéro de série admis d'office ; peut être répété
    .value = SÉRIE
cmd-token-create--serials = Un fichier de numéros de série admis d'office, un par ligne
    .value = FICHIER
cmd-token-create--note = Une note pour la liste
    .value = TEXTE
cmd-token-create--qr = Le code QR
    .value = QUAND
cmd-token-list = Lister les jetons ouverts
cmd-token-list--all = Les jetons clos aussi
cmd-token-revoke = Révoquer un jeton
cmd-token-revoke--token = Son identifiant : ses huit premiers caractères
    .value = JETON
cmd-token-revoke--why = La raison, pour le journal d'audit
    .value = TEXTE

cmd-cadence = La cadence des appareils
cmd-cadence-show = Montrer la cadence
cmd-cadence-set = Changer la cadence ; ce qui n'est pas nommé reste
cmd-cadence-set--poll = Entre deux contacts, de 5s à 24h
    .value = DURÉE
cmd-cadence-set--hold = Attente d'une réponse différée, de 0s à 1h
    .value = DURÉE
cmd-cadence-set--health = Entre deux bilans de santé, de 1m à 24h
    .value = DURÉE
cmd-cadence-set--inventory = Entre deux inventaires complets, de 5m à 7d
    .value = DURÉE
cmd-cadence-set--why = La raison, pour le journal d'audit
    .value = TEXTE

cmd-audit = L'audit : qui a fait quoi, quand et pourquoi
cmd-audit-list = Lister les actes, du plus ancien au plus récent
cmd-audit-list--since = À partir de ce moment : 2026-11-22, 2026-11-22T14:05, ou 7d pour il y a sept jours
    .value = MOMENT
cmd-audit-list--until = Avant ce moment, écrit de la même façon
    .value = MOMENT
cmd-audit-list--by = Seulement ceux de ce nom : une personne, un jeton ou une règle
    .value = NOM
cmd-audit-list--verb = Seulement cet acte, par exemple device_revoke
    .value = ACTE
cmd-audit-list--device = Seulement ceux qui portent sur cet appareil : son identifiant ou le début de celui-ci
    .value = APPAREIL
cmd-audit-list--refused = Seulement ce qui a été refusé
cmd-audit-list--limit = S'arrêter après tant d'actes
    .value = N
cmd-audit-verify = Vérifier que la chaîne d'audit n'a été ni modifiée, ni coupée, ni raccourcie
cmd-audit-verify--checkpoint = Comparer avec ce point de contrôle, puis le remplacer ; sans lui, une fin perdue ne se voit pas
    .value = FICHIER
cmd-audit-verify--file = Vérifier ce fichier exporté, sans serveur
    .value = FICHIER
cmd-audit-export = Écrire la chaîne d'audit telle qu'elle est stockée, une ligne JSON par acte
cmd-audit-export--to = Le fichier à écrire ; il ne doit pas exister
    .value = FICHIER

cmd-server = Le serveur
cmd-server-status = Montrer comment va le serveur
cmd-completion = Écrire le script de complétion d'un interpréteur de commandes
cmd-completion--shell = L'interpréteur
    .value = INTERPRÉTEUR

cmd-operator = Les opérateurs : les personnes qui tiennent le parc
cmd-operator-invite = Inviter une personne ; l'invitation n'est montrée qu'une fois
cmd-operator-invite--name = Son nom : lettres minuscules, chiffres, points et traits d'union
    .value = NOM
cmd-operator-invite--role = Son rôle ; peut être répété
    .value = RÔLE
cmd-operator-invite--owner = Seulement le matériel de ce propriétaire
    .value = PROPRIÉTAIRE
cmd-operator-invite--school = Seulement cet établissement ; peut être répété
    .value = UAI
cmd-operator-invite--life = La durée de vie de l'invitation (sinon 72 h, 7 jours au plus)
    .value = DURÉE
cmd-operator-invite--again = Pour une personne déjà connue : clé perdue, retour, autre rôle
cmd-operator-invite--why = La raison, pour le journal d'audit
    .value = TEXTE
cmd-operator-accept = Accepter une invitation : la clé est faite ici et n'en sort pas
cmd-operator-accept--server = L'adresse du serveur
    .value = URL
cmd-operator-accept--invitation = L'invitation ; sinon elle est demandée
    .value = INVITATION
cmd-operator-accept--replace = Remplacer la clé et le certificat de ce profil
cmd-operator-list = Lister les opérateurs et les invitations ouvertes
cmd-operator-list--all = Aussi ceux dont l'accès est terminé
cmd-operator-revoke = Mettre fin à l'accès d'un opérateur, ou retirer une invitation
cmd-operator-revoke--name = Son nom, ou l'identifiant de l'invitation
    .value = NOM
cmd-operator-revoke--why = La raison, pour le journal d'audit
    .value = TEXTE
cmd-operator-revoke--yes = Ne pas demander de confirmation
cmd-operator-self = Montrer qui l'on est et ce que l'on peut faire
cmd-operator-renew = Renouveler son propre certificat
cmd-proposal = Ce qui attend une seconde personne
cmd-proposal-list = Lister ce qui attend
cmd-proposal-list--all = Aussi ce qui est décidé ou périmé
cmd-proposal-approve = Donner son accord : l'acte est fait
cmd-proposal-approve--proposal = Son identifiant
    .value = PROPOSITION
cmd-proposal-approve--why = La raison, pour le journal d'audit
    .value = TEXTE
cmd-proposal-refuse = Refuser, ou retirer ce que l'on a proposé
cmd-proposal-refuse--proposal = Son identifiant
    .value = PROPOSITION
cmd-proposal-refuse--why = La raison, pour le journal d'audit
    .value = TEXTE
cmd-profile = Les profils : un serveur et ses identifiants
cmd-profile-list = Lister les profils
cmd-profile-use = Choisir le profil employé quand aucun n'est nommé
cmd-profile-use--name = Le nom du profil
    .value = NOM
cmd-device-lost--school = Et tous ceux de cet établissement
    .value = UAI
cmd-device-approve--school = Et tous ceux de cet établissement
    .value = UAI
cmd-device-quarantine--school = Et tous ceux de cet établissement
    .value = UAI
cmd-device-revoke--school = Et tous ceux de cet établissement
    .value = UAI

## Mots de tous les jours

unknown = sans information
yes = oui
no = non
none-seen = rien de détecté
serial = n° { $serial }
progress = En attente du serveur…
progress-devices = { $n ->
    [one] { $n } appareil…
   *[other] { $n } appareils…
}
progress-audit = { $n ->
    [one] { $n } acte…
   *[other] { $n } actes…
}

status-ok = rien à signaler
status-warning = à surveiller
status-critical = critique
status-unknown = sans information
status-none = sans objet
state-active = actif
state-quarantined = en quarantaine
state-revoked = révoqué
state-unknown = inconnu
contact-never = jamais
contact-connected = en ligne
reason-not_listed = hors de la liste du jeton
reason-same_serial = même numéro de série qu'un autre appareil
reason-same_uuid = même UUID qu'un autre appareil
reason-by_operator = décidé par une personne
reason-lost = perdu ou volé
reason-too_long_away = de retour après plus de 400 jours
reason-too_many_recoveries = plus de trois retours par clé en un an
reason-generation = de retour avec une autre génération de son identité
reason-cloned = son identité sert deux fois

## Appareils

device-id = Appareil
device-state = État
device-health = Santé
device-school = Établissement
device-owner = Propriétaire
device-kit = Kit
device-model = Modèle
device-serial = N° de série
device-os = Système
device-last-seen = Dernier contact
device-enrolled = Enrôlé le
device-agent = Agent
device-certificate = Certificat jusqu'au
device-clock = Horloge
clock-right = à l'heure
clock-ahead = en avance de { $span }
clock-behind = en retard de { $span }
device-flag = À vérifier
flag-serial = le numéro de série n'est plus celui de l'enrôlement
flag-system_uuid = l'UUID n'est plus celui de l'enrôlement
flag-other_machine = l'appareil dit ne plus être dans la machine enrôlée
flag-cloned = son identité sert deux fois : un jeton « cartable token create --device » désigne le bon
device-alike = Appareils semblables
device-desired = Consignes
device-reported = Dernier rapport
device-title = { $product }
device-title-unknown = Appareil sans marque ni modèle connus
device-none = Aucun appareil ne correspond.
device-watching = En attente de changements. Ctrl-C pour arrêter.
device-decided = Appareil { $device } : { $state }
device-revoke-question = Révoquer { $device } ? L'appareil n'obtiendra plus rien. [o/N]
desired-held = appliquées
desired-older = pas encore appliquées
desired-unknown = pas encore confirmées
condition-pending = en cours
condition-failed = en échec
condition-unknown = sans information
condition-item-cadence = cadence
condition-item-head = consignes reçues
condition-reason-no_plan = rien reçu pour l'instant
condition-reason-head_signature = signature non valable
condition-reason-head_unreadable = en-tête illisible
condition-reason-head_not_mine = destinées à un autre appareil
condition-reason-head_stale = plus anciennes que celles déjà appliquées
condition-reason-head_changed = contenu changé sans nouvelle révision
condition-reason-head_not_kept = impossible à enregistrer sur l'appareil
condition-reason-plan_missing = contenu manquant
condition-reason-plan_digest = contenu altéré
condition-reason-plan_unreadable = contenu illisible

section-hardware = Matériel
section-peripherals = Périphériques
section-system = Système
section-packages = Paquets
section-health = Santé
section-nothing = rien reçu pour l'instant

hardware-maker = Fabricant
hardware-model = Modèle
hardware-serial = N° de série
hardware-uuid = UUID du système
hardware-chassis = Boîtier
hardware-firmware = Micrologiciel
hardware-processor = Processeur
hardware-memory = Mémoire
hardware-disk = Disque
hardware-battery = Batterie
chassis-desktop = ordinateur fixe
chassis-mini = mini-ordinateur
chassis-all-in-one = tout-en-un
chassis-laptop = ordinateur portable
chassis-convertible = portable convertible
chassis-tablet = tablette
chassis-server = serveur
chassis-other = autre
model-unknown = modèle inconnu
processor-cores = { $n ->
    [one] { $n } cœur
   *[other] { $n } cœurs
}
processor-threads = { $n ->
    [one] { $n } fil
   *[other] { $n } fils
}
disk-size-unknown = taille inconnue
disk-rotational = à plateaux
disk-solid = SSD
disk-encrypted = chiffré
disk-plain = non chiffré
disk-encryption-unknown = chiffrement inconnu
battery-wear = usure { $percent } % ({ $full } Wh sur { $design } Wh)
battery-wear-unknown = usure inconnue
battery-cycles = { $n ->
    [one] { $n } cycle
   *[other] { $n } cycles
}

peripheral-display = Écran
peripheral-camera = Caméra
peripheral-microphone = Microphone
peripheral-speaker = Haut-parleur
peripheral-dock = Station d'accueil
peripheral-hub = Concentrateur
peripheral-input = Saisie
display-size = { $inches } pouces
display-built-in = intégré
bus-other = autre liaison
bus-usb = USB
bus-bluetooth = Bluetooth
bus-thunderbolt = Thunderbolt
bus-internal = interne

system-os = Système
system-build = Édition
system-kernel = Noyau
system-architecture = Architecture
system-zone = Fuseau horaire
system-reboot = Redémarrage attendu
packages-installed = Installés
packages-count = { $n ->
    [one] { $n } paquet
   *[other] { $n } paquets
}
packages-left-out = { $n ->
    [one] et { $n } autre, non transmis
   *[other] et { $n } autres, non transmis
}

check-battery-wear = Usure de la batterie
check-disk-system = Place libre (système)
check-disk-home = Place libre (fichiers)
check-temperature = Température
check-memory-pressure = Attente de mémoire
check-memory-available = Mémoire disponible
check-clock-skew = Écart de l'horloge
check-uptime = Temps de marche
check-agent-memory = Mémoire de l'agent
check-agent-cpu = Processeur de l'agent
check-within = { $value } (seuil : { $threshold })
check-no-threshold = { $value }
check-above = { $value }, seuil de { $threshold } atteint
check-below = { $value }, sous le seuil de { $threshold }
check-not-reported = la machine ne le dit pas
check-not-fitted = la machine n'en a pas
check-too-early = trop tôt pour le dire
check-other = { $value }, pour une raison que cette version ne connaît pas
volume-system = Volume du système
volume-home = Volume des fichiers
volume-free = { $free } libres sur { $size }

## Operators, proposals, profiles

operator-name = Nom
operator-state = État
operator-grants = Rôles
operator-until = Jusqu'au
operator-by = Invité par
operator-invitation = Invitation
operator-state-active = actif
operator-state-invited = invité
operator-state-expired = certificat expiré
operator-state-revoked = accès terminé
operator-state-unknown = inconnu
role-admin = administration
role-technician = technique
role-loan_desk = guichet de prêt
role-policy_author = règles
role-publisher = publication
role-auditor = audit
role-evaluator = évaluation
role-unknown = rôle inconnu
scope-territory = tout le territoire
operator-grant = { $role } ({ $scope })
operator-calls = Appels permis
operator-invited = Invitation pour { $name }
operator-secret = Invitation
operator-invitation-until = Valable jusqu'au
operator-next = Transmettez-la à cette personne seule ; elle tapera sur sa machine, puis collera l'invitation :
operator-once = Cette invitation ne sera plus montrée.
operator-paste = Collez l'invitation, puis Entrée :
operator-accepted = Vous êtes l'opérateur { $name }
operator-profile = Profil
operator-accept-next = Pour voir ce que vous pouvez faire :
operator-revoke-question = Mettre fin à l'accès de { $name } ? [o/N]
operator-revoked = L'accès de { $name } est terminé.
operator-renewed = Votre certificat est renouvelé
operator-ends-soon = Votre certificat se termine le { $date } : renouvelez-le avec « cartable operator renew ».
profile-name = Profil
profile-server = Serveur
profile-operator = Opérateur
profile-default = Par défaut
profile-missing = certificat illisible
profile-used = Profil par défaut : { $name }
proposal-id = Proposition
proposal-verb = Acte
proposal-devices = Appareils
proposal-by = Proposé par
proposal-why = Raison
proposal-state = État
proposal-until = Jusqu'au
proposal-state-open = en attente
proposal-state-done = fait
proposal-state-refused = refusé
proposal-state-lapsed = périmé
proposal-state-unknown = inconnu
proposal-none = Rien n'attend.
proposal-waits = Rien n'est encore fait : une seconde personne doit donner son accord
proposal-next = Cette personne tapera :
proposal-decided = Proposition { $id } : { $state }
device-revoke-question-many = Révoquer { $device } appareils ? Ils ne recevront plus rien. [o/N]
device-revoke-question-school = Révoquer tous les appareils de { $device } ? Ils ne recevront plus rien. [o/N]

## Jetons

token-id = Jeton
token-kind = Genre
token-state = État
token-uses = Utilisations
token-expires = Expire
token-school = Établissement
token-owner = Propriétaire
token-device = Appareil
token-note = Note
token-kit = Kit
token-serials = Séries admises
token-kind-unit = un appareil
token-kind-kit = lot
token-kind-re_enrol = nouvel enrôlement
token-kind-unknown = inconnu
token-state-open = ouvert
token-state-used_up = épuisé
token-state-expired = expiré
token-state-locked = verrouillé
token-state-revoked = révoqué
token-state-unknown = inconnu
token-none = Aucun jeton ouvert. « cartable token create » en crée un.
token-title = Jeton d'enrôlement
token-secret = Jeton
token-until = { $date } (dans { $life })
token-uses-count = { $n ->
    [one] { $n } appareil
   *[other] { $n } appareils
}
token-serials-count = { $n ->
    [one] { $n } numéro de série
   *[other] { $n } numéros de série
}
token-next = Sur l'appareil, tapez :
token-paste = Puis collez le jeton ci-dessus quand il est demandé, et validez par Entrée.
token-once = Ce jeton n'est montré qu'une fois.
token-revoked = Jeton { $token } : révoqué

## Audit

audit-sequence = N°
audit-at = Date
audit-by = Par
audit-verb = Acte
audit-subject = Objet
audit-outcome = Résultat
audit-why = Raison
audit-by-operator = { $name }
audit-by-enrolment = jeton { $name }
audit-by-rule = règle { $name }
audit-by-unknown = inconnu
audit-done = fait
audit-refused = refusé
audit-unreadable = illisible
audit-none = Aucun acte ne correspond.
audit-intact = La chaîne d'audit est intacte.
audit-length = Actes
audit-last = Empreinte du dernier
audit-checkpoint = Actes vus par le point de contrôle
audit-no-checkpoint = Une fin de chaîne perdue ne se voit qu'avec --checkpoint FICHIER, gardé hors du serveur.
audit-fault-edited = cette entrée n'est plus celle qui a été écrite
audit-fault-cut = des entrées manquent ; la suivante porte le numéro { $number }
audit-fault-reordered = les entrées ne sont plus dans leur ordre
audit-fault-sequence = cette entrée porte le numéro { $number }
audit-fault-truncated = la chaîne s'arrête avant cette entrée ; le point de contrôle en a vu { $number }
audit-fault-rewritten = cette entrée n'est pas celle que le point de contrôle a vue ; elle, ou une autre avant elle, a été réécrite

## Cadence et serveur

cadence-title = Cadence des appareils
cadence-poll = Entre deux contacts
cadence-hold = Réponse différée
cadence-health = Entre deux bilans de santé
cadence-inventory = Entre deux inventaires complets

server-title = Serveur
server-address = Adresse
server-territory = Territoire
server-version = Version
server-time = Heure du serveur
server-started = Démarré le
server-active = Appareils actifs
server-quarantined = En quarantaine
server-revoked = Révoqués
server-held = Contacts en attente
server-check-ins = Contacts servis
server-refused = Appels refusés
server-certificate = Certificat du serveur jusqu'au
server-intermediate = Certificat intermédiaire jusqu'au
server-store = Taille du stockage
server-disk-free = Place libre sur le disque
server-revision = Révision
server-epoch = Époque (nombre de restaurations + 1)

## Erreurs

error-span = « { $value } » n'est pas une durée
    .next = écrivez un nombre et son unité : 45s, 30m, 2h, 7d
error-uai-shape = « { $value } » n'est pas un UAI
    .next = un UAI est fait de sept chiffres et d'une lettre, par exemple 0951099D
error-uai-letter = la lettre de l'UAI { $value } ne va pas avec son numéro
    .next = vérifiez le numéro ; s'il est juste, la lettre est { $expected }
error-unit-uses = un jeton « unit » sert pour un seul appareil
    .next = ajoutez --kind kit pour enrôler plusieurs appareils
error-token-device = un jeton de genre re-enrol nomme son appareil, et lui seul
    .next = donnez --device APPAREIL, sans autre --kind
error-cadence = « --{ $field } » va de { $low } à { $high }, pas { $value }
    .next = écrivez une durée dans ces limites, par exemple 30m ou 2h
error-cadence-nothing = rien à changer n'est indiqué
    .next = ajoutez au moins une durée : --poll, --hold, --health ou --inventory
error-moment = « { $value } » n'est pas un moment
    .next = écrivez une date (2026-11-22 ou 2026-11-22T14:05) ou une durée, par exemple 7d pour il y a sept jours
error-checkpoint = { $path } n'est pas un point de contrôle
    .next = indiquez un fichier écrit par « cartable audit verify --checkpoint », ou un nouveau
error-owner = « { $value } » n'est pas un propriétaire
    .next = un propriétaire s'écrit en minuscules, chiffres et traits d'union, par exemple commune-besancon
error-token-id = « { $value } » n'est pas l'identifiant d'un jeton
    .next = il compte huit lettres ou chiffres, par exemple 7K2M9QXD ; « cartable token list » les montre
error-invitation = ce n'est pas une invitation
    .next = collez-la entière : quatorze groupes de quatre signes
error-invitation-check = l'invitation est mal recopiée
    .next = collez-la de nouveau, entière
error-profile-name = « { $value } » ne peut pas nommer un profil
    .next = employez lettres, chiffres et traits d'union
error-profile-taken = le profil { $name } existe déjà ({ $server })
    .next = donnez un autre nom avec --profile, ou ajoutez --replace
error-profile-server = le profil { $name } est celui d'un autre serveur ({ $server })
    .next = donnez un autre nom avec --profile
error-confirm-nobody = personne n'est là pour confirmer
    .next = ajoutez --yes pour confirmer d'avance
error-confirm-no = rien n'a été changé

failure-detail = détail :
failure-detail-raw = détail (en anglais) :
failure-next = que faire :
failure-the-server = le serveur
failure-config-missing = il n'y a pas de fichier de configuration { $path }
    .next = indiquez-en un par --config FICHIER ou CARTABLE_CONFIG ; « cartable-server init --data DIR » en écrit un dans DIR/operator/cartable.toml
failure-config-nowhere = ni HOME ni XDG_CONFIG_HOME ne disent où est la configuration
    .next = indiquez le fichier par --config FICHIER ou CARTABLE_CONFIG
failure-config-syntax = le fichier de configuration { $path } n'est pas compris
    .next = corrigez-le ; un profil a quatre clés : server, certificate, key, root
failure-profile-missing = { $path } n'a pas de profil « { $name } »
    .next = choisissez par --profile parmi : { $known }
failure-address = « { $address } » n'est pas une adresse de serveur
    .next = dans la configuration, écrivez server = "https://nom:port"
failure-file = le fichier { $path } ne peut pas être lu
    .next = vérifiez son chemin et ses droits
failure-file-write = le fichier { $path } ne peut pas être écrit
    .next = vérifiez son chemin et ses droits, ou choisissez un autre nom
failure-chain = la chaîne d'audit est rompue à l'entrée { $sequence }
    .next = gardez ce qui est là comme preuve (copie du serveur, exports, points de contrôle) et prévenez l'administration du territoire
failure-credentials = le certificat, la clé ou la racine du profil ne sont pas utilisables
    .next = reprenez les fichiers remis avec la configuration
failure-answer = la réponse du serveur n'est pas comprise
    .next = comparez « cartable --version » et « cartable server status » : le serveur est peut-être plus récent
failure-output = le résultat n'a pas pu être écrit
failure-not-found = introuvable
    .next = « cartable device list » et « cartable token list --all » montrent ce qui existe
failure-watch-ended = le serveur a fermé le suivi
    .next = relancez la commande ; « cartable server status » dit si le serveur répond
failure-exists = cela existe déjà
failure-conflict = quelqu'un d'autre l'a changé en même temps
    .next = regardez ce qu'il en est, puis recommencez
failure-invalid = le serveur n'accepte pas cette valeur
    .next = corrigez la commande ; --help dit ce qui est possible
failure-denied = le serveur refuse
    .next = le certificat de votre compte opérateur n'en donne pas le droit ; adressez-vous à l'administration du territoire
failure-expired = trop tard : cela a expiré
    .next = faites-en un nouveau
failure-busy = le serveur a trop à faire
    .next = réessayez dans une minute
failure-unreachable = { $server } ne répond pas
    .next = vérifiez l'adresse dans la configuration, le réseau, et que « cartable-server run » tourne
failure-untrusted = { $server } ne prouve pas qu'il est le bon serveur
    .next = vérifiez l'adresse et le fichier root de la configuration ; ne continuez pas en cas de doute
failure-certificate-refused = le serveur n'accepte pas le certificat de votre compte opérateur
    .next = il est peut-être expiré ou d'un autre serveur ; demandez-en un nouveau à l'administration du territoire
failure-other = le serveur n'a pas pu le faire
    .next = regardez le journal du serveur

## Ce que répond le serveur

answer-device = aucun appareil ne correspond à « { $one } »
    .next = « cartable device list » montre les appareils
answer-token = il n'y a pas de jeton { $one }
    .next = « cartable token list --all » montre les jetons
answer-ambiguous = plusieurs appareils correspondent : { $one }
    .next = donnez l'identifiant entier
answer-revoked = l'appareil { $one } est révoqué pour toujours
    .next = enrôlez-le de nouveau avec un nouveau jeton
answer-kit-uses = un jeton de lot sert pour 1 à { $one } appareils, pas { $two }
answer-token-life = ce genre de jeton vit d'une minute à { $one } h
answer-token-device = un jeton de nouvel enrôlement nomme son appareil, et lui seul
answer-token-device-place = un appareil enrôlé de nouveau garde son établissement, son propriétaire et son kit
answer-serials = un jeton porte au plus { $one } numéros de série
answer-serial = « { $one } » est une valeur de remplissage, pas un numéro de série
answer-kit-label = un kit et sa place se nomment ensemble, en 1 à { $one } caractères
answer-note = une note compte au plus { $one } caractères
answer-text = ce texte est trop long
answer-operator = le serveur ne parle qu'aux comptes opérateurs de son territoire
answer-role = votre rôle ne le permet pas
    .next = « cartable operator self » montre ce qu'il permet
answer-operator-unknown = le serveur ne connaît pas ce compte opérateur
    .next = demandez une invitation à l'administration du territoire
answer-operator-ended = l'accès de ce compte opérateur est terminé
    .next = demandez une invitation à l'administration du territoire
answer-operator-replaced = ce certificat d'opérateur a été remplacé
    .next = utilisez le nouveau, ou demandez une invitation
answer-out-of-scope = votre périmètre ne va pas jusque-là
    .next = nommez un établissement (--school) ou un propriétaire (--owner) de votre périmètre
answer-invitation = cette invitation n'est pas valable ici : fausse, expirée, déjà employée, bloquée ou retirée
    .next = demandez-en une autre
answer-beyond = personne ne peut recevoir plus que ce que vous avez
    .next = invitez dans votre périmètre (--school, --owner)
answer-second = une seconde personne doit donner son accord, pas celle qui propose
    .next = demandez à une autre personne du même rôle
answer-lapsed = cette proposition est périmée
    .next = proposez l'acte de nouveau
answer-last-admin = c'est la dernière personne qui administre tout le territoire
    .next = invitez-en une autre d'abord
answer-auditor = l'audit ne se combine avec aucun autre rôle
    .next = donnez ces rôles à deux personnes
answer-technician = technique et guichet de prêt ne se combinent pas
    .next = donnez ces rôles à deux personnes
answer-state-already = tous ces appareils sont déjà dans cet état
answer-operator-name = un nom d'opérateur compte 1 à 64 signes : lettres minuscules sans accent, chiffres, points et traits d'union
answer-operator-none = aucun opérateur { $one }
    .next = « cartable operator list » les montre
answer-proposal-none = aucune proposition { $one }
    .next = « cartable proposal list » les montre
answer-operator-taken = l'opérateur { $one } existe déjà
    .next = ajoutez --again pour l'inviter de nouveau
answer-certificate-expired = votre certificat a expiré
    .next = demandez-en un nouveau à l'administration du territoire

## Causes

cause-connection-refused = rien n'écoute à cette adresse
cause-connection-reset = la connexion a été coupée
cause-not-found = ce fichier n'existe pas
cause-exists = il existe déjà
cause-permission = accès refusé
cause-timed-out = pas de réponse à temps
cause-network = le réseau ne mène pas à cette adresse
cause-name = ce nom n'est connu d'aucun serveur de noms
cause-utf8 = le contenu n'est pas un texte en UTF-8
cause-large = le fichier est trop grand
cause-directory = c'est un dossier
cause-disk-full = il n'y a plus de place sur le disque
cause-certificate-expired = le certificat du serveur a expiré, ou l'horloge de ce poste avance
cause-certificate-early = le certificat du serveur n'est pas encore valable, ou l'horloge de ce poste retarde
cause-certificate-name = le certificat du serveur est établi pour un autre nom
cause-certificate-issuer = le certificat du serveur vient d'une autre autorité
cause-alert-expired = votre certificat a expiré
cause-alert-revoked = votre certificat est révoqué
cause-alert-unknown = votre certificat vient d'une autre autorité
