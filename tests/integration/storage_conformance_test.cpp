// The conformance suite, over the storages behind real servers: the cases are in the files of their
// own servers (s3_conformance_test.cpp and its like).
#include "support/storage_conformance.hpp"
