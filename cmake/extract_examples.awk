# awk -v output=FILE -f extract_examples.awk HEADER…: a source file with a function for each example of the headers'
# docstrings, the @code block below `@par Example`. What an example should print is what stands in comments behind or
# below the lines that print.

function base_name(path) {
    sub(/.*\//, "", path)
    return path
}

function fail(what) {
    printf "%s:%d: %s\n", FILENAME, FNR, what > "/dev/stderr"
    failed = 1
    exit 1
}

# Takes the line out of the docstring: the asterisk and one space before it go.
function line_of_code(line) {
    sub(/^ *\* ?/, "", line)
    return line
}

# What a line says that is printed: in a comment behind what prints it, or in comments below.
function expected_output(line) {
    if (line ~ /^ *\/\/ /) {
        sub(/^ *\/\/ /, "", line)
        return prints ? line : ""
    }
    prints = prints && line ~ /^ *}$/ || line ~ /std::cout/
    if (prints && match(line, /; \/\/ /)) {
        return substr(line, RSTART + RLENGTH)
    }
    return ""
}

BEGIN {
    for (i = 1; i < ARGC; ++i) {
        includes = includes "#include <sctrace/" base_name(ARGV[i]) ">\n"
    }
}

FNR == 1 && wanted { fail("an example is missing at the end of the file before") }

/@par / { wanted = 0 }
/@par Example$/ { wanted = 1; next }

wanted && /@code$/ {
    ++count
    name = base_name(FILENAME) ":" FNR
    body = ""
    expected = ""
    prints = 0
    inside = 1
    next
}

inside && /@endcode/ {
    bodies = bodies "\n// " name "\nvoid example_" count "()\n{\n" body "}\n"
    list = list "    {\"" name "\", example_" count ", {" expected "}},\n"
    inside = 0
    wanted = 0
    next
}

inside {
    code = line_of_code($0)
    body = body (code == "" ? "" : "    ") code "\n"
    line = expected_output(code)
    if (line != "") {
        expected = expected "R\"--(" line ")--\", "
    }
}

wanted && !inside && /\*\/ *$/ { fail("no @code follows @par Example") }

END {
    if (failed) {
        exit 1
    }
    if (count == 0) {
        fail("no example in any header")
    }
    printf "%s\n#include <boost/asio.hpp>\n\n#include <iostream>\n\n#include \"example.hpp\"\n", includes > output
    printf "\nnamespace {\n%s\n} // namespace\n", bodies > output
    printf "\nnamespace sctrace::test {\n\nconst std::vector<example> examples{\n%s};\n\n}\n", list > output
}
