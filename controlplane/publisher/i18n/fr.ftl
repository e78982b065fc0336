cmd = Préparer, signer et publier ce que les appareils peuvent installer
    .after = Codes de sortie : 0 fait, 1 échec (la raison est dite), 2 saisie à corriger.
cmd--lang = La langue (sinon celle de l'environnement, sinon le français)
    .value = LANGUE
cmd--output = La forme de la réponse
    .value = FORME
cmd-bundle = Les ressources : un dossier devient un ensemble signé
cmd-bundle-init = Écrire une fiche (bundle.toml) à remplir dans le dossier d'une ressource
cmd-bundle-init--folder = Le dossier de la ressource
    .value = DOSSIER
cmd-bundle-init--name = Le nom de la ressource (a-z 0-9 -), sinon celui du dossier
    .value = NOM
cmd-bundle-pack = Découper des dossiers dans le dépôt et proposer leur publication
    .long = Rien n'est encore offert aux appareils : la proposition doit être signée (bundle sign), puis publiée (bundle publish). Le fichier peut être porté vers une machine sans réseau et revenir.
cmd-bundle-pack--folders = Les dossiers, un par ressource, chacun avec sa fiche bundle.toml
    .value = DOSSIER
cmd-bundle-pack--repository = Le dossier du dépôt
    .value = DOSSIER
cmd-bundle-pack--to = Le fichier de la proposition
    .value = FICHIER
cmd-bundle-sign = Signer une proposition avec une clé, même sur une machine sans réseau
    .long = Signe ce que la clé a le droit de signer, et le montre d'abord : + pour ce qui est nouveau ou changé, - pour ce qui disparaît. Ce que cette clé n'a pas elle-même signé dans la version précédente compte comme nouveau. Avec --folder, le dossier est redécoupé ici et comparé, nom et version compris : on signe alors ce que l'on a soi-même sous les yeux ; les nouvelles ressources sans dossier sont nommées.
cmd-bundle-sign--proposal = La proposition ; elle est réécrite avec la signature
    .value = FICHIER
cmd-bundle-sign--key = La clé privée
    .value = FICHIER
cmd-bundle-sign--folders = Un dossier dont la proposition doit contenir exactement la ressource ; répétable
    .value = DOSSIER
cmd-bundle-sign--yes = Ne pas demander de confirmation
cmd-bundle-publish = Vérifier une proposition signée et l'offrir aux appareils
cmd-bundle-publish--proposal = La proposition
    .value = FICHIER
cmd-bundle-publish--repository = Le dossier du dépôt
    .value = DOSSIER
cmd-release = Les versions de l'agent, dans le dépôt propre au produit
cmd-release-pack = Proposer une version : le programme de l'agent pour chaque type de machine
    .long = Les appareils ne prennent une version que d'un dépôt créé avec « repository init --kind product ». Elle est signée et publiée comme les ressources (bundle sign, bundle publish).
cmd-release-pack--version = La version, telle que le programme la dit de lui-même
    .value = VERSION
cmd-release-pack--minimum = La plus ancienne version à laquelle un appareil pourra jamais revenir ; jamais au-dessous de celle des versions précédentes
    .value = VERSION
cmd-release-pack--programs = Un programme avec sa machine, par exemple linux/x86_64=target/release/cartable-agent ; répétable
    .value = MACHINE=FICHIER
cmd-release-pack--repository = Le dossier du dépôt
    .value = DOSSIER
cmd-release-pack--to = Le fichier de la proposition
    .value = FICHIER
cmd-floor = Le socle de filtrage : ce que le serveur de gestion ne peut pas assouplir
cmd-floor-init = Écrire un socle à remplir
cmd-floor-init--floor = Le fichier à écrire
    .value = FICHIER
cmd-floor-pack = Vérifier un socle et le proposer à la place du précédent
cmd-floor-pack--floor = Le fichier du socle
    .value = FICHIER
cmd-floor-pack--repository = Le dossier du dépôt
    .value = DOSSIER
cmd-floor-pack--to = Le fichier de la proposition
    .value = FICHIER
cmd-key = Les clés
cmd-key-new = Créer une clé ; à faire là où elle restera, de préférence hors ligne
cmd-key-new--to = Le fichier à créer ; la partie publique va dans FICHIER.pub
    .value = FICHIER
cmd-key-show = Montrer l'identifiant et la partie publique d'une clé
cmd-key-show--key = La clé, ou sa partie publique
    .value = FICHIER
cmd-key-rotate = Proposer d'autres clés pour un rôle
    .long = Les clés de snapshot et timestamp sont refaites sur cette machine ; pour les autres rôles, dites lesquelles ajouter et retirer. Une nouvelle racine doit être signée par assez d'anciens et de nouveaux détenteurs.
cmd-key-rotate--repository = Le dossier du dépôt
    .value = DOSSIER
cmd-key-rotate--role = Le rôle
    .value = RÔLE
cmd-key-rotate--add = La partie publique d'une clé à ajouter ; répétable
    .value = FICHIER
cmd-key-rotate--remove = L'identifiant d'une clé à retirer, ou son début (8 signes au moins) ; répétable
    .value = IDENTIFIANT
cmd-key-rotate--threshold = Combien de détenteurs doivent signer désormais
    .value = NOMBRE
cmd-key-rotate--to = Le fichier de la proposition
    .value = FICHIER
cmd-repository = Le dépôt : un dossier de fichiers que tout serveur web peut servir
cmd-repository-init = Créer un dépôt et proposer ses premiers documents
cmd-repository-init--repository = Le dossier à créer ; il doit être vide ou absent
    .value = DOSSIER
cmd-repository-init--kind = À qui il est : celui d'un territoire contient les ressources et le socle, celui du produit les versions de l'agent
    .value = TYPE
cmd-repository-init--root = La partie publique d'une clé racine ; répétable
    .value = FICHIER
cmd-repository-init--root_threshold = Combien de clés racine doivent signer
    .value = NOMBRE
cmd-repository-init--targets = La partie publique d'une clé du rôle targets, qui dit qui publie quoi ; répétable
    .value = FICHIER
cmd-repository-init--targets_threshold = Combien de clés de targets doivent signer
    .value = NOMBRE
cmd-repository-init--bundles = La partie publique d'une clé qui signe les ressources ; répétable, sinon celles de targets
    .value = FICHIER
cmd-repository-init--bundles_threshold = Combien de ces clés doivent signer
    .value = NOMBRE
cmd-repository-init--floor = La partie publique d'une clé qui signe le socle de filtrage ; répétable, sinon celles de targets
    .value = FICHIER
cmd-repository-init--floor_threshold = Combien de ces clés doivent signer
    .value = NOMBRE
cmd-repository-init--releases = La partie publique d'une clé qui signe les versions (--kind product) ; répétable, sinon celles de targets
    .value = FICHIER
cmd-repository-init--releases_threshold = Combien de ces clés doivent signer
    .value = NOMBRE
cmd-repository-init--to = Le fichier de la proposition
    .value = FICHIER
cmd-repository-refresh = Signer à nouveau la date du dépôt ; à lancer chaque jour
cmd-repository-refresh--repository = Le dossier du dépôt
    .value = DOSSIER
cmd-repository-renew = Proposer de prolonger ce qui est signé hors ligne
cmd-repository-renew--repository = Le dossier du dépôt
    .value = DOSSIER
cmd-repository-renew--to = Le fichier de la proposition
    .value = FICHIER
cmd-repository-status = Vérifier le dépôt et dire ce qu'il offre, et jusqu'à quand
cmd-repository-status--repository = Le dossier du dépôt
    .value = DOSSIER
cmd-completion = Écrire les complétions d'un interpréteur de commandes
cmd-completion--shell = L'interpréteur
    .value = INTERPRÉTEUR
cmd-man = Écrire les pages de manuel
cmd-man--to = Le dossier où les écrire
    .value = DOSSIER

failed = échec :
man-written = Pages de manuel écrites dans { $path }
manifest-written = Fiche écrite : { $path }. Remplissez-la, puis lancez « cartable-publish bundle pack ».
manifest =
    # La fiche de la ressource. Les lignes qui commencent par # peuvent rester telles quelles.
    name = "{ $name }"
    version = "1"
    title = "Le titre que l'on lit dans les listes"
    description = "Ce que contient la ressource, et pour quoi faire"
    language = "fr"
    licence = "CC-BY-SA-4.0"
    publisher = "Qui la publie"
    # levels = ["cm1", "cm2"]
    # subjects = ["Sciences et technologie"]
    # systems = ["linux", "windows"]
    # architectures = ["x86_64", "aarch64"]
    # measures = ["hybrid-kit", "pupil-loan"]

floor-written = Socle écrit : { $path }. À remplir, puis lancer « cartable-publish floor pack ».
floor =
    # Ce qui reste ainsi sur chaque appareil du territoire, quel que soit le détenteur du serveur de gestion.
    # Augmente à chaque changement.
    version = 1
    # Catégories qui restent bloquées.
    blocked = ["adult"]
    # Noms qu'aucune liste ne bloque.
    open = ["education.gouv.fr", "eduscol.education.fr", "pix.fr"]
    # Parmi ces catégories, celles qu'une séance peut ouvrir, et pour combien de minutes au plus.
    lesson_opens = []
    lesson_minutes = 0
    # Combien de jours un nom débloqué par une personne le reste au plus.
    unblock_days = 30
    # Âge maximal, en jours, de la liste à laquelle on peut revenir.
    rollback_days = 14
packing = Découpage de { $name }
comparing = Comparaison de { $name }
packed = { $bundle } { $version } : { $files ->
        [one] { $files } fichier
       *[other] { $files } fichiers
    }, { $bytes } ; première installation { $first } ; empreinte { $digest }
packed-patch = Mise à jour depuis { $from } : { $bytes }
released = Version { $version }, plus rien au-dessous de { $minimum } ; empreinte { $digest }
released-program = { $machine } : { $bytes }, SHA-256 du programme { $digest }
floor-packed = Socle { $version } : { $blocked ->
        [one] { $blocked } catégorie bloquée
       *[other] { $blocked } catégories bloquées
    }, { $open ->
        [one] { $open } nom ouvert
       *[other] { $open } noms ouverts
    }
proposal-written = Proposition écrite : { $path }. Faites-la signer avec « cartable-publish bundle sign », puis publiez-la.
standing = { $role }, version { $version }, valable jusqu'au { $expires } ; signatures : { $have } sur { $need }
line-key = { $name } : clé { $value }
line-threshold = { $name } : signatures nécessaires : { $value }
line-delegation = { $name } : peut signer les noms { $value }
line-target = { $name }, SHA-256 { $value }
line-same = { $count ->
        [one] { $count } cible comme dans la version précédente
       *[other] { $count } cibles comme dans la version précédente
    }
not-compared = Comparé à aucun dossier : { $name }
complete = Toutes les signatures y sont : publiez avec « cartable-publish bundle publish ».
incomplete = Il manque encore des signatures.
sign-question = Signer ? [o/N]
published = Publié : { $versions }
refreshed = Date signée à nouveau : { $versions }
role-held = { $role }, version { $version }, valable jusqu'au { $expires }
role-expired = { $role }, version { $version }, EXPIRÉ le { $expires } : les appareils n'installent plus rien
nothing-published = Rien n'est encore publié.
key-made = Clé créée : { $path }. Identifiant { $id }. Gardez-la hors ligne ; seule { $path }.pub est à donner.
key-shown = Identifiant { $id }, clé publique { $public }

error-read = { $path } est illisible : { $why }
error-write = { $path } ne peut pas être écrit : { $why }
error-manifest = { $path } n'est pas une fiche : { $why }
error-floor = le socle, champ « { $field } » : { $why }
error-field = { $path } : « { $field } » n'est pas un champ d'une fiche
error-manifest-field = bundle.toml, champ « { $field } » : { $why }
error-not-regular = { $path } n'est ni un fichier ni un dossier : une ressource ne contient ni lien ni périphérique
error-not-utf8 = { $path } : le nom n'est pas en UTF-8
error-not-key = { $path } ne contient pas de clé de ce programme
error-not-proposal = { $path } n'est pas une proposition de ce programme : { $why }
error-not-repository = { $path } n'est pas un dépôt publié : créez-le avec « cartable-publish repository init », faites signer la proposition et publiez-la
error-not-empty = { $path } n'est pas vide
error-busy = { $path } : un autre programme y publie ; recommencez ensuite
error-metadata = { $name } ne peut pas être accepté : { $why }
error-threshold = { $role } : signatures valables : { $have }, il en faut { $need }
error-stale = { $role } : la proposition porte la version { $version }, or la suivante est { $expected } ; refaites la proposition
error-key-unasked = cette clé n'a rien à signer dans cette proposition
error-folder-unasked = { $path } ne donne aucune des ressources proposées : ne signez pas avant de savoir pourquoi
error-version-old = { $bundle } { $version } : la version { $last } est déjà publiée ; choisissez-en une plus haute
error-twice = { $bundle } est nommé deux fois
error-target-bad = { $name } manque dans le dépôt ou y est abîmé ; refaites la proposition
error-threshold-bad = { $role } : { $threshold } parmi { $keys } clés distinctes n'est pas un seuil
error-key-unknown = { $role } n'a pas de clé { $id }, ou ce début en désigne plusieurs
error-role-online = { $role } : sa clé est refaite sur cette machine, sans --add, --remove ni --threshold
error-not-confirmed = rien n'a été signé : répondez oui, ou ajoutez --yes
error-path = « { $path } » ne peut pas être dans une ressource : { $why }
error-collision = « { $first } » et « { $second } » se confondent là où la casse ne compte pas
error-limit = trop grand ({ $what }) : au plus { $limit }
error-damaged = donnée abîmée ou étrangère : { $why }
error-other-version = cette mise à jour part d'une autre version
error-changed = « { $path } » a changé pendant la lecture ; recommencez
error-contents = le contenu est illisible : { $why }
error-compression = la compression a échoué : { $why }
path-long = le chemin est trop long
path-deep = il y a trop de dossiers
path-empty = une partie du chemin est vide
path-upwards = il sort de son dossier
path-sign = il contient un signe que Windows refuse
path-end = une partie finit par un point ou une espace, que Windows supprime
path-reserved = une partie est un nom de périphérique sous Windows
field-name = 1 à 60 signes parmi a-z, 0-9 et -
field-version = un à quatre nombres séparés par des points, comme 2026.9.1
field-title = 1 à 200 signes, sans espace autour
field-description = 1 à 4000 signes, sans espace autour
field-language = une étiquette de langue, comme fr ou oc-gascon
field-levels = parmi { $levels }
field-subjects = au plus 20, de 1 à 100 signes chacune
field-licence = 1 à 100 signes, de préférence l'identifiant SPDX
field-publisher = 1 à 200 signes, sans espace autour
