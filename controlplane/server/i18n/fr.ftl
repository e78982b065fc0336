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
cmd-probe = Lire tout le contenu une fois (usage interne)
cmd-probe--data = Le dossier du serveur
    .value = DOSSIER

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

error-not-empty = { $path } n'est pas vide ; « init » n'écrase jamais rien : choisissez un autre dossier, ou démarrez le serveur qui s'y trouve
error-read = { $path } ne peut pas être lu
error-write = { $path } ne peut pas être écrit
error-config = { $path } : { $message }
error-listen = impossible d'écouter sur { $address } : un autre programme occupe sans doute ce port ; changez « listen » dans server.toml ou arrêtez-le
error-name = « { $name } » n'est ni un nom ni une adresse de serveur
error-damaged = { $path } est endommagé ({ $why }) ; reprenez-le d'une sauvegarde du dossier du serveur
error-in-use = un autre cartable-server utilise { $path } : arrêtez-le, ou choisissez un autre dossier
error-read-only = on ne peut pas écrire dans { $path } : donnez le droit d'écriture au compte qui fait tourner le serveur, ou montez le disque en écriture
