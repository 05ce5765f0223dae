// main.cpp - entry point of every topic program: doctest's runner, with SIGPIPE left as a program would have it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
