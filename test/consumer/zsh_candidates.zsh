# zsh -f zsh_candidates.zsh SETUP LINE: types LINE and a tabulator into an interactive zsh that has read SETUP, and
# prints what zsh would offer, a word a line, sorted.
zmodload zsh/zpty
export TERM=dumb candidates_file=$(mktemp)

zpty -b shell "exec zsh -f -i"
trap 'rm -f $candidates_file' EXIT
zpty -w shell ". $1"
# The line editor's readiness and each completion's end are marked by what no typed text shows.
zpty -r shell seen $'*\x01*'
zpty -n -w shell "$2"$'\t'
zpty -r shell seen $'*\x01*'
zpty -d shell
LC_ALL=C sort -u $candidates_file
