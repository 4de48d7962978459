list(APPEND sctrace_sources
    src/profile/allow_list.cpp
    src/profile/call_counts.cpp
    src/profile/call_diff.cpp
    src/profile/profile.cpp
    src/profile/profile_conflicts.cpp
    src/profile/profile_findings.cpp
    src/profile/profile_group.cpp
    src/profile/profile_permits.cpp
    src/profile/profile_reader.cpp
    src/profile/saved_calls.cpp
    src/profile/writers/formats.cpp
    src/profile/writers/minijail_policy.cpp
    src/profile/writers/oci_json.cpp
    src/profile/writers/profile_writer.cpp
    src/profile/writers/systemd_drop_in.cpp)
