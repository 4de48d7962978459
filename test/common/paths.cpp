#include "common/paths.hpp"

std::string sctrace::test::data_file(const std::string& name)
{
    return SCTRACE_TEST_DATA "/" + name;
}

const std::string& sctrace::test::tool_path()
{
    static const std::string path = SCTRACE_TOOL;
    return path;
}

const std::string& sctrace::test::generator_path()
{
    static const std::string path = SCTRACE_GENERATOR;
    return path;
}

const std::string& sctrace::test::server_path()
{
    static const std::string path = SCTRACE_EMBEDDED_SERVER;
    return path;
}
