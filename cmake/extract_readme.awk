# awk -v folder=FOLDER -f extract_readme.awk lib/README.md: the programs of the library guide (C++ blocks with a main
# function) as FOLDER/N/main.cpp, N from 1 on, and its CMakeLists.txt (the CMake block with a project) beside each, all
# unchanged. Prints how many programs there are.

/^```(cpp|cmake)$/ {
    language = substr($0, 4)
    block = ""
    inside = 1
    next
}

inside && /^```$/ {
    if (language == "cpp" && block ~ /(^|\n)int main\(/) {
        programs[++count] = block
    }
    if (language == "cmake" && block ~ /(^|\n)project\(/) {
        project = block
        ++projects
    }
    inside = 0
    next
}

inside { block = block $0 "\n" }

END {
    if (count == 0 || projects != 1) {
        print FILENAME " should have a program and one CMakeLists.txt" > "/dev/stderr"
        exit 1
    }
    for (i = 1; i <= count; ++i) {
        system("mkdir -p '" folder "/" i "'")
        printf "%s", programs[i] > (folder "/" i "/main.cpp")
        printf "%s", project > (folder "/" i "/CMakeLists.txt")
    }
    print count
}
