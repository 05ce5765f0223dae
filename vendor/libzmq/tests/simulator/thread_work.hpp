// What libstdc++ hands to a new thread: std::thread::_State, with what is to be run. From GCC 14 on the name is private, but an explicit
// instantiation may name anything, so the type is read from the function that takes it.
#pragma once

#include <memory>
#include <thread>
#include <type_traits>

namespace sim {

struct ThreadWorkKey
{
    friend constexpr auto thread_work (ThreadWorkKey);
};

template <class Start>
struct StartArgument;
template <class Work>
struct StartArgument<void (std::thread::*) (std::unique_ptr<Work>, void (*) ())>
{
    using Type = Work;
};

template <auto start>
struct ThreadWorkTeller
{
    friend constexpr auto thread_work (ThreadWorkKey) { return static_cast<typename StartArgument<decltype (start)>::Type *> (nullptr); }
};
template struct ThreadWorkTeller<&std::thread::_M_start_thread>;

using ThreadWork = std::remove_pointer_t<decltype (thread_work (ThreadWorkKey{}))>;

}  // namespace sim
