# Read by an interactive zsh of zsh_candidates.zsh; documents_dir holds the completion.
fpath=($documents_dir $fpath)
autoload -Uz compinit
compinit -D -u

# Instead of offering a word, note it. Calls that only sort words into arrays are left alone.
compadd()
{
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a offered
    builtin compadd -A offered "$@"
    (( $#offered )) && print -rl -- $offered >> $candidates_file
    builtin compadd "$@"
}

print_mark()
{
    print -n '\x01'
}
comppostfuncs=(print_mark)
# What is typed before the line editor listens may get lost.
zle -N zle-line-init print_mark
