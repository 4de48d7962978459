list(APPEND sctrace_sources
    src/verdict/loss_ledger.cpp
    src/verdict/process_tree.cpp
    src/verdict/serial_numbers.cpp
    src/verdict/target.cpp
    src/verdict/verdict_rules.cpp)
