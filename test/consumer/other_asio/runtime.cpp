#include <sctrace/src.hpp>
