# generate.cmake -D tool=… -D version=… -D output_dir=…: writes the manual page and the shells' completions from the
# help texts of the built tool. `tool` may be a list: an emulator and its arguments come first.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/help_texts.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/man_page.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/completions.cmake)

read_all_helps()
read_ready_bases()
man_page(page)
file(WRITE ${output_dir}/asio-sctrace.1 "${page}")
bash_completion(${CMAKE_CURRENT_LIST_DIR}/completion.bash.in ${output_dir}/asio-sctrace)
zsh_completion(${CMAKE_CURRENT_LIST_DIR}/completion.zsh.in ${output_dir}/_asio-sctrace)
