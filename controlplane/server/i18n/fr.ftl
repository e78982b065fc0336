cmd = Le serveur de Cartable : il connaît le parc et parle aux appareils
    .after = Codes de sortie : 0 fait, 1 échec (la raison est dite), 2 saisie à corriger.
cmd--lang = La langue (sinon celle de l'environnement, sinon le français)
    .value = LANGUE
cmd-init = Créer un serveur : ses clés, son premier compte opérateur, sa configuration
cmd-init--data = Le dossier à créer ; il doit être vide ou absent
    .value = DOSSIER
cmd-init--territory = Le territoire, par exemple doubs
    .value = NOM
cmd-init--listen = Où écouter
    .value = ADRESSE
cmd-init--names = Un nom ou une adresse du serveur ; répétable, le premier figure dans les commandes
    .value = HÔTE
cmd-init--operator = Le nom du premier compte opérateur
    .value = NOM
cmd-run = Faire tourner le serveur jusqu'à ce qu'on l'arrête
cmd-run--data = Le dossier du serveur
    .value = DOSSIER
cmd-run--check_config = Vérifier la configuration et les clés, sans démarrer
cmd-export = Écrire tout le contenu dans un fichier (lignes JSON), serveur arrêté
cmd-export--data = Le dossier du serveur
    .value = DOSSIER
cmd-export--to = Le fichier à créer
    .value = FICHIER
cmd-import = Reprendre un export dans un serveur encore vide
cmd-import--data = Le dossier du serveur
    .value = DOSSIER
cmd-import--from = Le fichier d'export
    .value = FICHIER
cmd-backup = Copier tout le serveur dans un seul fichier, qu'il tourne ou non
    .long = Le fichier contient des clés privées : qui le détient peut se faire passer pour ce serveur. Seul son propriétaire peut le lire ; chiffrez-le avant qu'il ne quitte la machine, par exemple avec age par un tube (--to -). La clé racine n'y est pas, sauf si on la demande.
cmd-backup--data = Le dossier du serveur
    .value = DOSSIER
cmd-backup--to = Un fichier à créer, un dossier (le nom dira alors le moment), ou - pour la sortie standard
    .value = LIEU
cmd-backup--keep = Dans un dossier, ne garder que les plus récentes sauvegardes de ce territoire, au nombre de
    .value = NOMBRE
cmd-backup--with_root_key = Copier aussi la clé racine, si elle est encore sur le serveur
cmd-backup--verify = Lire une sauvegarde jusqu'au bout et dire ce qu'elle contient ; - pour l'entrée standard
    .value = FICHIER
cmd-backup--output = La forme
    .value = FORME
cmd-restore = Refaire le dossier d'un serveur à partir d'une sauvegarde ; rien n'est jamais écrasé
    .long = Les appareils suivent le serveur restauré dès leur prochain contact. Les jetons et invitations ouverts sont fermés : on ne sait pas s'ils ont servi depuis la sauvegarde. Avec --ends, ce qui a été révoqué ou perdu depuis la sauvegarde le reste.
cmd-restore--from = La sauvegarde ; - pour l'entrée standard
    .value = FICHIER
cmd-restore--data = Le dossier à créer ; il doit être vide ou absent
    .value = DOSSIER
cmd-restore--ends = Le fichier où l'ancien serveur a noté ce qui a été révoqué ou perdu (ends.jsonl)
    .value = FICHIER
cmd-restore--output = La forme
    .value = FORME
cmd-healthcheck = Demander au serveur de cette machine s'il est en service
cmd-healthcheck--data = Le dossier du serveur
    .value = DOSSIER
cmd-operator = Refaire l'opérateur du dossier, quand toutes les clés d'administration sont perdues
cmd-operator--data = Le dossier du serveur
    .value = DOSSIER
cmd-operator--name = Le nom de l'opérateur
    .value = NOM
cmd-completion = Écrire le script de complétion d'un interpréteur de commandes
cmd-completion--shell = L'interpréteur
cmd-man = Écrire les pages de manuel, dans la langue choisie
cmd-man--to = Le dossier où les mettre ; créé s'il n'existe pas
    .value = DOSSIER
cmd-vault = Gérer le coffre des identités : noms et adresses, scellés, à part du parc
    .after = La clé n'est dans aucune sauvegarde : gardez-en deux copies, à part des sauvegardes. Sans elle, plus personne ne lit le coffre.
cmd-vault-init = Créer le coffre et sa clé
    .long = La clé va dans un fichier à elle, hors du dossier du serveur, lisible de son seul propriétaire. Le serveur a le coffre à son prochain démarrage.
cmd-vault-init--data = Le dossier du serveur
    .value = DOSSIER
cmd-vault-init--key = Le fichier de la clé, à créer
    .value = FICHIER
cmd-vault-rekey = Donner au coffre une nouvelle clé, le serveur étant arrêté
    .long = Tout est scellé de nouveau ; les références des emprunteurs restent. Les sauvegardes plus anciennes ne s'ouvrent qu'avec l'ancienne clé. Si la commande est coupée, donnez-la de nouveau.
cmd-vault-rekey--data = Le dossier du serveur
    .value = DOSSIER
cmd-ca = Gérer les clés et les certificats du serveur
    .after = Le serveur en marche prend les nouveaux en une minute, ou dès SIGHUP ; aucun redémarrage.
cmd-ca-status = Montrer les certificats, leur fin, et ce qu'il reste à faire
cmd-ca-status--data = Le dossier du serveur
    .value = DOSSIER
cmd-ca-status--output = La forme
    .value = FORME
cmd-ca-rotate = Remplacer le certificat du serveur, l'autorité intermédiaire, ou la clé en ligne
    .long = Le certificat du serveur se renouvelle de lui-même ; « server » le fait tout de suite. « intermediate » demande la clé racine. « online-key » se fait en deux fois : les appareils apprennent d'abord la nouvelle clé, puis --finish la met en service.
cmd-ca-rotate--what = Ce qu'il faut remplacer
    .value = QUOI
cmd-ca-rotate--data = Le dossier du serveur
    .value = DOSSIER
cmd-ca-rotate--root_key = La clé racine, apportée sur un support (sinon celle du dossier)
    .value = FICHIER
cmd-ca-rotate--names = Avec « server » : un nom ou une adresse du serveur, à la place de tous les précédents ; répétable
    .value = HÔTE
cmd-ca-rotate--finish = Terminer le remplacement de la clé en ligne
cmd-ca-rotate--stolen = La clé en ligne est volée : l'écarter tout de suite
cmd-ca-rotate--dry_run = Vérifier que ce serait possible, sans rien changer
cmd-ca-publisher = Dire aux appareils de qui installer les ressources : la racine du dépôt de l'éditeur
cmd-ca-publisher--root = Le fichier de la racine, tel que public/metadata/1.root.json du dépôt
cmd-ca-publisher--data = Le dossier du serveur
cmd-ca-publisher--root_key = La clé racine, apportée sur un support (sinon celle du dossier)
cmd-ca-publisher--dry_run = Montrer à qui est cette racine, vérifier que ce serait possible, sans rien changer
cmd-ca-export-root = Copier la racine, pour mettre sa clé hors ligne
cmd-ca-export-root--data = Le dossier du serveur
    .value = DOSSIER
cmd-ca-export-root--to = Le dossier où la copier, par exemple sur une clé USB
    .value = DOSSIER
cmd-ca-export-root--with_key = Copier aussi la clé racine, et vérifier la copie
cmd-ca-export-root--remove = Effacer ensuite la clé racine du serveur
cmd-ca-request = Écrire une demande d'autorité intermédiaire, à signer là où se trouve la clé racine
cmd-ca-request--data = Le dossier du serveur
    .value = DOSSIER
cmd-ca-request--to = Le fichier de demande à créer
    .value = FICHIER
cmd-ca-sign = Signer une demande, hors ligne
cmd-ca-sign--root = Le certificat racine
    .value = FICHIER
cmd-ca-sign--root_key = La clé racine
    .value = FICHIER
cmd-ca-sign--request = La demande
    .value = FICHIER
cmd-ca-sign--to = Le fichier de certificat à créer
    .value = FICHIER
cmd-ca-import = Mettre en service l'autorité intermédiaire signée
cmd-ca-import--data = Le dossier du serveur
    .value = DOSSIER
cmd-ca-import--from = Le certificat signé
    .value = FICHIER
cmd-probe = Lire tout le contenu une fois (usage interne)
cmd-probe--data = Le dossier du serveur
    .value = DOSSIER
cmd-probe--vault = Le coffre, et non la base du parc

failed = Erreur :
listening = cartable-server écoute sur { $address }
config-good = { $path } et les clés sont en ordre.
progress = { $entries } entrées…
exported = { $entries ->
    [one] { $entries } entrée écrite
   *[other] { $entries } entrées écrites
} dans { $path }, à la révision { $revision }.
imported = { $entries ->
    [one] { $entries } entrée reprise
   *[other] { $entries } entrées reprises
} ; époque { $epoch }. Les appareils suivront dès leur prochain contact.
operator-made = L'opérateur { $name } est fait. Le serveur l'admettra à son prochain démarrage, pour tout le territoire ;
    sa clé d'avant ne vaudra plus rien. Redémarrez le serveur, puis :
    cartable --config { $profile } operator self
init-done = Le serveur est créé dans { $data }.

    À faire maintenant, dans l'ordre :
    1. Mettre la clé racine hors ligne : copier { $key } sur deux supports
       rangés en lieu sûr, vérifier les copies, puis effacer l'original. Le serveur n'en a pas
       besoin pour tourner ; elle servira à renouveler l'autorité intermédiaire.
    2. Démarrer : cartable-server run --data { $data }
    3. Depuis un poste où se trouve ce compte opérateur : cartable --config { $profile } server status

man-written = Les pages de manuel sont dans { $path } ; pour lire la première : man -l { $path }/cartable-server.1

ca-what = Certificat
ca-subject = Nom
ca-until = Fin
ca-days = Jours
ca-serial = Numéro de série
ca-root = racine
ca-intermediate = intermédiaire
ca-server = serveur
ca-online = Clé en ligne : { $key }…, connue des appareils par les racines de confiance version { $version }.
ca-root-key-here = Clé racine : { $path }
ca-root-key-away = Clé racine : pas sur ce serveur, comme il se doit.
ca-advice-root_key_here = À faire : mettre la clé racine hors ligne, avec « cartable-server ca export-root --with-key --remove ».
ca-advice-intermediate_ends = À faire : renouveler l'autorité intermédiaire, avec « cartable-server ca rotate intermediate » ou « ca request ».
ca-advice-intermediate_asked = En attente : une autorité intermédiaire est demandée ; à son retour, « cartable-server ca import ».
ca-advice-online_under_way = En cours : la clé en ligne est remplacée ; quand les appareils ont eu le temps de s'annoncer, « cartable-server ca rotate online-key --finish ».
ca-rotate-dry = Ce serait possible. Rien n'a changé.
ca-server-done = Le serveur a un nouveau certificat ; s'il tourne, il le prend en une minute.
ca-intermediate-done = L'autorité intermédiaire est remplacée. Les appareils l'apprennent en renouvelant leur certificat ; l'ancienne reste reconnue jusqu'à sa fin. Remportez la clé racine.
ca-online-begun = Les appareils apprennent la nouvelle clé (racines de confiance version { $version }) dès leur prochain contact ; l'ancienne signe encore. Ensuite : cartable-server ca rotate online-key --finish. La clé racine n'est plus nécessaire : remportez-la.
ca-online-finished = La nouvelle clé signe, et elle seule est reconnue (racines de confiance version { $version }). Un appareil absent l'apprend à son retour.
ca-online-stolen = La clé volée est écartée (racines de confiance version { $version }) : chaque appareil la refuse dès son prochain contact. Remportez la clé racine.
ca-publisher-root = Racine du dépôt des ressources, version { $version }. SHA-256 : { $sha256 }. Comparez avec ce que dit l'éditeur. Ses clés, dont { $threshold } sur { $count } doivent signer :
ca-publisher-done = Les appareils installent ce que signe ce dépôt (racines de confiance version { $version }), dès leur prochain contact. Remportez la clé racine.
ca-root-certificate = Le certificat racine est dans { $path }. Empreinte : { $pin }
ca-root-copied = La racine et sa clé sont copiées et vérifiées dans { $path }. Empreinte : { $pin }
    Faites une seconde copie sur un autre support, rangez les deux en des lieux différents, puis recommencez avec --remove.
ca-root-moved = La racine et sa clé sont copiées et vérifiées dans { $path }, et la clé est effacée ici. Empreinte : { $pin }
    Faites-en une seconde copie, rangée ailleurs. Sur un SSD ou dans une sauvegarde, une trace peut rester : au besoin, effacez-les aussi.
ca-request-done = La demande est dans { $path } ; la clé reste ici. Portez-la là où se trouve la clé racine : cartable-server ca sign. Puis ici : cartable-server ca import.
ca-sign-done = Le certificat est dans { $path }. Rapportez-le au serveur : cartable-server ca import.
ca-import-done = L'autorité intermédiaire est remplacée. Les appareils l'apprennent en renouvelant leur certificat ; l'ancienne reste reconnue jusqu'à sa fin.

error-not-empty = { $path } n'est pas vide ; « init » n'écrase jamais rien : choisissez un autre dossier, ou démarrez le serveur qui s'y trouve
error-read = { $path } ne peut pas être lu
error-write = { $path } ne peut pas être écrit
error-config = { $path } : { $message }
error-listen = impossible d'écouter sur { $address } : un autre programme occupe sans doute ce port ; changez « listen » dans server.toml ou arrêtez-le
error-name = « { $name } » n'est ni un nom ni une adresse de serveur
error-damaged = { $path } est endommagé ({ $why }) ; reprenez-le d'une sauvegarde du dossier du serveur
error-in-use = un autre cartable-server utilise { $path } : arrêtez-le, ou choisissez un autre dossier
error-read-only = on ne peut pas écrire dans { $path } : donnez le droit d'écriture au compte qui fait tourner le serveur, ou montez le disque en écriture
error-vault-none = ce serveur n'a pas de coffre : « cartable-server vault init » en crée un
error-vault-made = ce serveur a déjà un coffre ; « cartable-server vault rekey » lui donne une nouvelle clé
error-vault-missing = { $path } manque : restaurez le coffre depuis une sauvegarde ; si un changement de clé a été coupé ici, redonnez « vault rekey »
error-vault-key-inside = { $path } est dans le dossier du serveur : gardez la clé du coffre ailleurs, sinon qui prend le dossier a les deux
error-vault-key-other = { $path } n'est pas la clé de ce coffre, dont rien n'a été changé : rapportez la bonne clé ; si un changement de clé a été coupé ici, redonnez « vault rekey »
error-vault-key-open = d'autres que son propriétaire peuvent lire { $path } : chmod 600 { $path }
error-vault-key-shape = { $path } ne contient pas la clé d'un coffre
error-ca-busy = un autre programme change en ce moment les clés ou les certificats ; réessayez
error-ca-root-key-missing = il y faut la clé racine, qui n'est pas ici : apportez-la et dites où elle est avec --root-key
error-ca-root-key-other = ce n'est pas la clé de cette racine
error-ca-intermediate-ended = l'autorité intermédiaire a pris fin : renouvelez-la d'abord, avec « ca rotate intermediate »
error-ca-under-way = la clé en ligne est déjà en cours de remplacement : terminez d'abord, avec --finish
error-ca-not-under-way = aucun remplacement de la clé en ligne n'est en cours
error-ca-not-asked = aucune autorité intermédiaire n'a été demandée ici : commencez par « ca request »
error-ca-same-copy = cette copie est la clé racine elle-même : nommez un dossier d'un autre support
error-ca-no-copy = la clé racine n'est effacée qu'avec une copie vérifiée : ajoutez --with-key
error-ca-publisher-root = ce n'est pas la racine signée d'un dépôt de ressources, telle que l'écrit cartable-publish (public/metadata/1.root.json)
error-ca-publisher-root-ended = cette racine d'un dépôt a pris fin : renouvelez-la d'abord, avec « cartable-publish repository renew »
serving = Le serveur est en service sur { $address }.
backup-progress = { $mib } Mio…
backup-taken = La sauvegarde est dans { $path } ({ $size }), jusqu'à la révision { $revision }.
backup-removed = Effacée, plus ancienne que celles à garder : { $path }
backup-root-key = La clé racine y est : rangez-la à part de toute autre sauvegarde, hors ligne.
backup-no-root-key = La clé racine n'y est pas : gardez-en deux copies hors ligne (cartable-server ca export-root).
backup-vault = Le coffre des identités y est, scellé. Sa clé n'y est pas : sans elle, plus personne ne lit le coffre.
vault-made = Le coffre est créé, sa clé est { $key }.
    Gardez deux copies de la clé, à part des sauvegardes : aucune ne la contient, et sans elle plus personne ne lit le coffre.
    Le serveur a le coffre à son prochain démarrage ({ $path } nomme la clé).
vault-rekeyed = { $entries ->
    [one] { $entries } entrée a été scellée de nouveau.
   *[other] { $entries } entrées ont été scellées de nouveau.
} Copiez maintenant la nouvelle clé ; gardez l'ancienne aussi longtemps que les sauvegardes faites avec elle.
backup-secret = Elle contient des clés privées : chiffrez-la avant qu'elle ne quitte cette machine.
backup-unnoted = Attention : le dossier du serveur n'a pas pu en prendre note, les métriques ne la montrent donc pas : { $why }
backup-good = La sauvegarde est entière. Territoire { $territory }, faite le { $made } par la version { $program }, révision { $revision }, époque { $epoch }.
backup-holds = { $files ->
    [one] Elle contient { $files } fichier
   *[other] Elle contient { $files } fichiers
}, { $size } :
restored = Le serveur de { $territory } est restauré dans { $data }, tel qu'il était le { $made } (révision { $revision }) ; époque { $epoch }. Les appareils suivront dès leur prochain contact.
restored-reports = Les rapports d'appareils plus anciens que le journal de la sauvegarde n'y sont pas : chaque appareil renvoie les siens.
restored-tokens = { $tokens ->
    [0] Aucun jeton ni aucune invitation n'étaient ouverts.
    [one] { $tokens } jeton ou invitation encore ouvert est fermé : faites-en un nouveau.
   *[other] { $tokens } jetons et invitations encore ouverts sont fermés : faites-en de nouveaux.
}
restored-ends = Ce qui avait pris fin depuis la sauvegarde l'a fait de nouveau : { $devices ->
    [one] { $devices } appareil
   *[other] { $devices } appareils
}, { $operators ->
    [one] { $operators } opérateur
   *[other] { $operators } opérateurs
}.
restored-no-ends = Aucun fichier de fins n'a été donné (--ends) : revoyez ce qui a été révoqué ou perdu depuis la sauvegarde, et refaites-le.
error-backup-not-ours = ce n'est pas une sauvegarde de cartable-server
error-backup-newer = cette sauvegarde a été faite par un cartable-server plus récent : restaurez-la avec celui-là
error-backup-damaged = cette sauvegarde est endommagée ou incomplète ({ $why }) : prenez-en une autre
error-backup-busy = une autre restauration remplit ce dossier
error-unfinished = la restauration de { $path } n'est pas allée à son terme : relancez-la
error-exists = { $path } existe déjà et n'est pas écrasé
error-no-copy = { $path } ne peut pas être copié ({ $why }) : redémarrez le serveur, qui remet son contenu en ordre, puis réessayez
error-terminal = une sauvegarde n'est pas faite pour un terminal : envoyez-la dans un tube ou un fichier
error-not-serving = le serveur n'est pas en service sur { $address } : { $why }
error-name-lost = { $name } doit rester parmi les noms, car les appareils joignent ce serveur par lui ; pour en changer, changez d'abord « url » dans server.toml, et gardez l'ancien nom par un --name de plus jusqu'à ce que chaque appareil se soit inscrit avec le nouveau
error-ca-names-other = seul le certificat du serveur a des noms : « ca rotate server --name »
