// What every topic includes, compiled once. Topics include what they use all the same.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"
