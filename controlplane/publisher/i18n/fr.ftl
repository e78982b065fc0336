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
cmd-list = Les listes de filtrage : de ce que d'autres publient à ce que reçoivent les appareils
cmd-list-import = Lire une liste, la contrôler, et la garder comme candidate
    .long = Lit la disposition d'UT1, dossier ou archive tar : domains, urls, usage, global_usage ; les lignes peuvent être des noms, un fichier hosts ou ||nom^. Rien n'est extrait sur le disque. Le contrôle compare ensuite à ce qui a été préparé en dernier pour les appareils, à défaut à la dernière liste approuvée : une catégorie qui perd plus de 30 % ou gagne plus de 50 %, une qui passe de noire à blanche ou devient un autre nom d'une autre, un autre nom disparu, un nom qui ne monte plus la garde, un nom à ne jamais bloquer, un nom à bloquer qui manque : la commande échoue alors, et la candidate est gardée pour être regardée.
cmd-list-import--path = Le dossier, ou l'archive (tar, tar.gz)
    .value = CHEMIN
cmd-list-import--work = Le dossier de travail ; il est créé s'il manque
    .value = DOSSIER
cmd-list-import--md5 = Les sommes MD5 de l'éditeur (intégrité seulement)
    .value = FICHIER
cmd-list-import--sha256 = Les sommes SHA-256 de l'éditeur
    .value = FICHIER
cmd-list-import--own = Une liste à vous comme catégorie ; peut être répété
    .value = NOM=FICHIER
cmd-list-import--white = Une catégorie de noms à autoriser, jamais comprise dans « tout » ; peut être répété
    .value = NOM
cmd-list-import--sentinels = Les noms qui montent la garde (TOML : never, never_beneath, must) ; sinon ceux de la dernière liste approuvée
    .value = FICHIER
cmd-list-import--omitted = Un nom laissé de côté, quoi que dise la source ; peut être répété
    .value = HÔTE
cmd-list-import--attribution = De qui sont ces listes, comme leur licence demande de le dire
    .value = TEXTE
cmd-list-diff = Ce que change la candidate, catégorie par catégorie
    .long = Par rapport à ce qui a été préparé en dernier pour les appareils ; à défaut, à la dernière liste approuvée. Noms, autres noms des catégories, couleurs et libellés, noms qui montent la garde ou sont laissés de côté, et ce qui a été accepté contre le contrôle. Sans candidate : ceux de la liste approuvée.
cmd-list-diff--work = Le dossier de travail
    .value = DOSSIER
cmd-list-diff--names = Tant de noms ajoutés et retirés sont montrés par catégorie
    .value = NOMBRE
cmd-list-approve = Faire de la candidate la prochaine liste publiée
cmd-list-approve--work = Le dossier de travail
    .value = DOSSIER
cmd-list-approve--accepted = Ce qui est accepté contre le contrôle : une catégorie, un autre nom d'une, un nom qui ne monte plus la garde ; peut être répété
    .value = NOM
cmd-list-approve--why = Pourquoi
    .value = TEXTE
cmd-list-approve--by = Qui le dit (sinon l'utilisateur de cette machine)
    .value = NOM
cmd-list-approve--digest = L'empreinte montrée par « list diff » : rien d'autre n'est approuvé
    .value = EMPREINTE
cmd-list-publish = Compiler la liste approuvée et la proposer aux appareils
    .long = Les appareils reçoivent le paquet cartable-lists : une image, ou un petit ajout à la précédente. La proposition est signée par le rôle lists et publiée comme toute autre (bundle sign, bundle publish).
cmd-list-publish--work = Le dossier de travail
    .value = DOSSIER
cmd-list-publish--repository = Le dossier du dépôt
    .value = DOSSIER
cmd-list-publish--to = Le fichier de la proposition
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
cmd-repository-init--lists = La moitié publique d'une clé qui signe les listes de filtrage ; peut être répété, sinon celles de targets
    .value = FICHIER
cmd-repository-init--lists_threshold = Combien de ces clés doivent signer
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
reading = Lecture de { $name }
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
list-imported = { $entries ->
        [one] { $entries } nom
       *[other] { $entries } noms
    } dans { $categories ->
        [one] { $categories } catégorie
       *[other] { $categories } catégories
    }, depuis { $files ->
        [one] { $files } fichier
       *[other] { $files } fichiers
    }. Hors du DNS : adresses { $addresses }, pages { $urls }. Lignes refusées : { $refused }. Non lus : fichiers d'expressions { $expressions }, autres { $others }.
line-long = la ligne est trop longue
line-encoding = pas en UTF-8
line-single = une seule étiquette
line-leads = l'adresse n'est ni 0.0.0.0 ni locale
line-exception = une règle d'exception
line-rule = une règle qui ne porte pas sur un hôte entier
name-empty = rien n'y est écrit
name-label-empty = une étiquette est vide
name-label-long = une étiquette de plus de 63 octets
name-long = plus de 253 octets
name-deep = plus de 32 étiquettes
name-sign = un signe qu'aucun nom ne contient
name-international = pas un nom international (UTS 46)
name-number = la dernière étiquette est un nombre
list-refused = { $place } : { $why }
list-first = Aucune liste n'a encore été approuvée : rien à quoi comparer. Regardez bien les nombres.
list-with-packed = Comparée à la dernière liste préparée pour les appareils (importée le { $day }).
list-with-approved = Rien n'a encore été préparé pour les appareils ; comparée à la dernière liste approuvée (importée le { $day }).
list-with-accepted = Accepté là contre le contrôle, par { $by } : { $accepted } ({ $why })
list-digest = Empreinte de ce qui est approuvé : { $digest }
list-next-approve = Rien ne s'y oppose. Regardez avec « cartable-publish list diff », puis « cartable-publish list approve ».
list-change = { $category } : { $before } → { $after } (+{ $added } −{ $removed })
list-unchanged = Aucun nom ajouté ni retiré.
list-held = Retenue par le contrôle :
list-approved = Approuvée par { $by } : { $entries ->
        [one] { $entries } nom
       *[other] { $entries } noms
    }. Ensuite : « cartable-publish list publish ».
list-packed-image = Une nouvelle image : { $entries } noms, { $image }. Qui signe compare avec --folder { $folder }
list-packed-overlay = { $entries } noms ; ce qui a changé vient en { $overlay } sur l'image de { $image } ({ $overlays } jusqu'ici). Qui signe compare avec --folder { $folder }
held-shrunk = { $category } est passée de { $before } noms à { $now }
held-grown = { $category } est passée de { $before } noms à { $now }
held-white = { $category } contient désormais des noms à autoriser : « tout » ne la bloquerait plus
held-black = { $category } contient désormais des noms à bloquer
held-merged = { $category } est désormais un autre nom de { $into } : elle en a les noms
held-unnamed = { $name } n'est plus un autre nom de { $category } à la source ; les appareils continuent à le connaître
held-parted = { $name } était un autre nom de { $category } et est désormais une catégorie à part
held-renamed = { $name } était un autre nom de { $category } et est désormais un de { $now }
held-unguarded = { $name } ne monte plus la garde : { $guard }
held-never = { $name }, à ne jamais bloquer, le serait
held-must = { $name }, à bloquer, ne le serait plus
term-never = jamais bloqué
term-never-beneath = jamais bloqué, ni rien au-dessous
term-must = toujours bloqué
term-guard-came = Monte la garde : { $name } ({ $guard })
term-guard-gone = Ne monte plus la garde : { $name } ({ $guard })
term-omitted-came = Laissé de côté, quoi que dise la source : { $name }
term-omitted-gone = N'est plus laissé de côté : { $name }
term-name-came = { $category } : aussi appelée { $name }
term-name-gone = { $category } : n'est plus appelée { $name }
term-name-kept = { $category } : appelée { $name } par les seuls appareils ; la source ne le fait plus
term-merged = { $category } : un autre nom de { $into } à la source, avec ses noms
term-parted = { $category } : n'est plus un autre nom d'une autre catégorie
term-white = { $category } : contient des noms à autoriser
term-black = { $category } : contient des noms à bloquer
term-label = { $category } : on lit « { $fr } » en français, « { $en } » en anglais
term-attribution = De qui sont ces listes : { $text }
source-outside = cela mène hors du dossier de la liste
source-path = le chemin est trop long ou trop profond, ou a des signes qu'aucune liste n'a
source-twice = présent deux fois
source-kind = ni un fichier, ni un dossier, ni un lien
source-circle = des liens tournent en rond
source-many = plus de { $limit } fichiers
source-large = plus de { $limit } de contenu
source-bomb = cela gonfle à plus de { $limit } fois sa taille
source-damaged = endommagé ou tronqué : { $why }
source-nothing = aucune catégorie avec un fichier nommé domains ou urls
source-places = des catégories se trouvent dans deux dossiers
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
error-filter = les listes ne peuvent pas être compilées : { $why }
error-list = aucun appareil ne prendrait cette liste : { $why }
error-source = { $path } ne se lit pas comme une liste : { $why }
error-sentinels = { $path } : { $why }
error-checksum = { $path } n'est pas ce que dit { $sums } : téléchargez les deux à nouveau
error-list-held = le contrôle retient cette liste. Regardez avec « cartable-publish list diff », puis « list approve --accept NOM --why … », NOM étant ce qui a changé. Un nom à bloquer ou à ne jamais bloquer ne s'accepte pas : importez à nouveau avec --omit ou d'autres --sentinels.
error-list-none = { $path } : il n'y a pas de liste ; d'abord « cartable-publish list import », puis « list approve »
error-list-damaged = { $path } est endommagé, ou un autre programme l'a modifié ; importez à nouveau
error-list-other = ce n'est pas la liste qui a été regardée : son empreinte est { $digest } ; regardez à nouveau avec « cartable-publish list diff »
error-list-unapproved = la liste n'est pas ce que quelqu'un a approuvé, ou une version antérieure a écrit l'approbation ; importez et approuvez à nouveau
error-category-reserved = aucune catégorie ne peut s'appeler « { $name } » : les règles désignent ainsi toutes les catégories. Renommez-la à la source, ou donnez la liste par --category NOM=FICHIER
error-list-same = cette liste est déjà publiée, et rien n'a été approuvé depuis
error-list-needless = rien ne s'oppose à { $category } : il n'y a rien à accepter
error-list-nameless = nul ne dit qui approuve : --by
error-list-reason = ce qui est accepté contre le contrôle demande une raison : --why
error-not-delegated = dans ce dépôt, personne ne peut signer pour le rôle { $role }. Le dépôt d'un territoire reçoit le rôle lists par « cartable-publish key rotate lists --repository DOSSIER --add CLÉ.pub --to FICHIER », signé par la clé de targets et par celle qui est ajoutée.
error-name-reserved = { $name } est le nom des listes de filtrage, faites par « cartable-publish list publish »
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
field-name = 1 à 60 signes parmi a-z, 0-9 et -, et non cartable-agent, qui est l'agent lui-même
field-version = un à quatre nombres séparés par des points, comme 2026.9.1
field-title = 1 à 200 signes, sans espace autour
field-description = 1 à 4000 signes, sans espace autour
field-language = une étiquette de langue, comme fr ou oc-gascon
field-levels = parmi { $levels }
field-subjects = au plus 20, de 1 à 100 signes chacune
field-licence = 1 à 100 signes, de préférence l'identifiant SPDX
field-publisher = 1 à 200 signes, sans espace autour
