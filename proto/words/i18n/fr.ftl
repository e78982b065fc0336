# Les mots communs aux trois programmes : aide, erreurs de saisie, durées.

help-usage = Utilisation :
help-commands = Commandes{" "}
help-command-value = COMMANDE
help-arguments = Arguments{" "}
help-options = Options{" "}
help-common = Options communes{" "}
help-help = Afficher cette aide
help-version = Afficher la version
help-possible = valeurs : { $value }
help-default = défaut : { $value }
help-env = environnement : { $value }

usage-error = erreur :
usage-value = « { $value } » n'est pas une valeur de « { $argument } »
usage-value-not-possible = « { $value } » n'est pas une valeur de « { $argument } » ; valeurs possibles : { $possible }
usage-value-missing = « { $argument } » attend une valeur
usage-values-many = « { $argument } » a reçu trop de valeurs
usage-values-few = « { $argument } » n'a pas reçu assez de valeurs
usage-argument-unknown = « { $argument } » n'est pas une option ou un argument de cette commande
usage-argument-missing = il manque : { $argument }
usage-command-unknown = « { $command } » n'est pas une commande
usage-command-missing = il manque une commande après « { $command } »
usage-conflict = « { $argument } » ne va pas avec « { $prior } »
usage-utf8 = la ligne de commande contient un texte qui n'est pas en UTF-8
usage-other = la ligne de commande n'est pas comprise
usage-suggestion = Vouliez-vous dire { $value } ?
usage-quoted = « { $value } »
or = ou
usage-hint = Pour en savoir plus, ajoutez --help

span-days = { $n ->
    [one] { $n } jour
   *[other] { $n } jours
}
span-hours = { $n } h
span-minutes = { $n } min
span-seconds = { $n } s
