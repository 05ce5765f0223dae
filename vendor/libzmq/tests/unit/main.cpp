// The unit tests' main program; the tests are in the folders beside it, which mirror src/.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
