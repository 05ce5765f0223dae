// What nearly every unit test includes, compiled once. Tests include what they use all the same.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <zmq.h>
