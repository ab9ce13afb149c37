# fish completion for probectl(1).
#
# All that it knows of the options it asks of the program that is being completed, by --list-options:
# a line for each, of probes, flag, letter, JSON member, kind of value, words, default and help,
# with tabs between.

# The rows of the table that have a flag.
function __probectl_rows
    set -l program (string replace -r '^~' $HOME -- (commandline -opc)[1])
    command -q $program; or return
    $program --list-options 2>/dev/null </dev/null | string match -r '^[^\t]*\t--.*'
end

# The row of a flag or letter, $argv[2], that the probe, $argv[1], has: any probe where that is empty.
function __probectl_find
    set -l probe $argv[1]
    set -l name $argv[2]
    for row in $argv[3..]
        set -l fields (string split \t -- $row)
        contains -- $name $fields[2] $fields[3]; or continue
        if test -z "$probe"; or contains -- $probe (string split , -- $fields[1])
            echo $row
            return
        end
    end
end

# The values of a row, $argv[1], each after the text $argv[2] and beginning with $argv[3].
function __probectl_value
    set -l fields (string split \t -- $argv[1])
    set -l values
    switch "$fields[5]"
        case choice
            set values (string split , -- $fields[6])
        case host
            set values localhost (__fish_print_hostnames)
        case file
            set values (__fish_complete_path $argv[3])
    end
    for value in $values
        echo $argv[2]$value
    end
end

function __probectl_complete
    set -l rows (__probectl_rows)
    set -q rows[1]; or return
    set -l every ''
    for row in $rows
        set -l probes (string split -m 1 \t -- $row)[1]
        test (string length -- $probes) -gt (string length -- $every); and set every $probes
    end

    set -l probe ''
    set -l has_spec
    set -l only_operands
    set -l value_of ''
    set -l command
    set -l words (commandline -opc)
    for word in $words[2..]
        if set -q command[1]
            set -a command $word
        else if test -n "$value_of"
            set value_of ''
        else if set -q only_operands[1]; or not string match -q -- '-?*' $word
            if test -z "$probe"
                set probe $word
            else if test $probe = exec
                set command $word
            end
        else if test "$word" = --
            set only_operands yes
        else if string match -q -- '--*' $word
            set -l name (string split -m 1 = -- $word)[1]
            test $name = --spec; and set has_spec yes
            if test $name = $word
                set value_of (__probectl_find "$probe" $word $rows | string match -rv '^([^\t]*\t){4}none\t')
            end
        else
            # Letters may stand together, the last with a value: what follows it is the value.
            set -l letters (string split '' -- (string sub -s 2 -- $word))
            while set -q letters[1]
                set -l row (__probectl_find "$probe" -$letters[1] $rows | string match -rv '^([^\t]*\t){4}none\t')
                test $letters[1] = f; and set has_spec yes
                set -e letters[1]
                if test -n "$row"
                    set -q letters[1]; or set value_of $row
                    break
                end
            end
        end
    end

    set -l current (commandline -ct)
    if set -q command[1]
        complete -C (string join ' ' -- (string escape -- $command) $current)
    else if test -n "$value_of"
        __probectl_value $value_of '' $current
    else if not set -q only_operands[1]; and string match -q -- '--*=*' $current
        set -l parts (string split -m 1 = -- $current)
        __probectl_value (__probectl_find "$probe" $parts[1] $rows) $parts[1]= $parts[2]
    else if not set -q only_operands[1]; and string match -q -- '-*' $current
        for row in $rows
            set -l fields (string split \t -- $row)
            # Before a probe is typed, what every probe takes; what a spec says, any flag can override.
            if set -q has_spec[1]
            else if test -z "$probe"
                test $fields[1] = $every; or continue
            else
                contains -- $probe (string split , -- $fields[1]); or continue
            end
            printf '%s\t%s\n' $fields[2] $fields[8]
            test -n "$fields[3]"; and printf '%s\t%s\n' $fields[3] $fields[8]
        end
    else if test "$probe" = exec
        complete -C "$current"
    else if test "$probe" = file
        __fish_complete_path $current
    else if test -z "$probe"; and not set -q has_spec[1]
        string split , -- $every
    end
end

complete -c probectl -e
complete -c probectl -f -a '(__probectl_complete)'
