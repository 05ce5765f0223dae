// The exploration; see memory_model.hpp. A depth-first search over states, each visited once. A state is what each thread has read so far
// (that determines where it is) together with the memory.
#include "memory_model.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace model {

namespace {

constexpr std::size_t most_variables = 8;
using View = std::array<std::uint8_t, most_variables>;  // which value of each variable, counted from its first

struct Value
{
    std::uint64_t value;
    View view;  // what who acquires it gets to know
};

struct Thread
{
    std::vector<std::uint64_t> results;
    View view{};
    bool over = false;
    bool asleep = false;  // in wait_other
    std::uint8_t sleeps_on = 0;
};

struct State
{
    std::vector<Thread> threads;
    std::vector<std::vector<Value>> memory;
    View consistent{};  // the last sequentially consistent store of each
};

struct Pending
{
    Access kind;
    std::size_t variable;
    std::uint64_t value;
    std::uint64_t expected;
    std::memory_order order;
};

std::vector<std::uint64_t> initial_values;

// Of the thread that is being run.
const std::vector<std::uint64_t> *replayed = nullptr;
std::size_t position = 0;
std::size_t running = 0;
Pending pending;
struct Paused
{};

bool acquires (std::memory_order order)
{
    return order == std::memory_order_acquire || order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}
bool releases (std::memory_order order)
{
    return order == std::memory_order_release || order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}

void join (View &view, const View &other)
{
    for (std::size_t i = 0; i < most_variables; ++i)
        view[i] = std::max (view[i], other[i]);
}

class Search
{
  public:
    explicit Search (const Threads &bodies) : bodies_ (bodies), next_ (bodies.size ()) {}

    Outcome run ()
    {
        State start;
        start.threads.resize (bodies_.size ());
        for (const std::uint64_t value : initial_values)
            start.memory.push_back ({{value, View{}}});
        add (std::move (start));
        while (!open_.empty () && outcome_.stuck.empty ()) {
            const State state = std::move (open_.back ());
            open_.pop_back ();
            expand (state);
        }
        outcome_.states = seen_.size ();
        return outcome_;
    }

  private:
    // What cannot matter any more is forgotten, so that states which differ in nothing else are one.
    static void simplify (State &state)
    {
        for (Thread &thread : state.threads)
            if (thread.over)
                thread.results.clear ();
        for (std::size_t variable = 0; variable < state.memory.size (); ++variable) {
            auto oldest = static_cast<std::uint8_t> (state.memory[variable].size () - 1);
            for (const Thread &thread : state.threads)
                if (!thread.over)
                    oldest = std::min (oldest, thread.view[variable]);
            if (oldest == 0)
                continue;
            state.memory[variable].erase (state.memory[variable].begin (), state.memory[variable].begin () + oldest);
            const auto forget = [&] (View &view) {
                view[variable] = static_cast<std::uint8_t> (std::max (view[variable], oldest) - oldest);
            };
            forget (state.consistent);
            for (Thread &thread : state.threads)
                forget (thread.view);
            for (auto &values : state.memory)
                for (Value &value : values)
                    forget (value.view);
        }
        for (Thread &thread : state.threads)
            if (thread.over)
                thread.view = View{};
    }

    // True: the thread is at an access, which is in `pending`. False: its function has returned. What it does depends on nothing but what
    // it has read, so it is run once for each of these.
    bool find_next_access (std::size_t number, const Thread &thread)
    {
        const std::string read (reinterpret_cast<const char *> (thread.results.data ()), thread.results.size () * sizeof (std::uint64_t));
        const auto [at, fresh] = next_[number].try_emplace (read);
        if (fresh) {
            running = number;
            replayed = &thread.results;
            position = 0;
            try {
                bodies_[number]();
            } catch (const Paused &) {
                at->second = pending;
            }
        }
        if (at->second)
            pending = *at->second;
        return at->second.has_value ();
    }

    void add (State &&state)
    {
        simplify (state);
        if (seen_.insert (key (state)).second)
            open_.push_back (std::move (state));
    }

    static std::string key (const State &state)
    {
        std::string text;
        const auto put = [&text] (const void *data, std::size_t size) { text.append (static_cast<const char *> (data), size); };
        for (const Thread &thread : state.threads) {
            const std::size_t count = thread.results.size ();
            put (&count, sizeof count);
            put (thread.results.data (), count * sizeof (std::uint64_t));
            put (thread.view.data (), most_variables);
            text += thread.over ? 'o' : thread.asleep ? 's' : 'r';
        }
        for (const auto &variable : state.memory) {
            const std::size_t count = variable.size ();
            put (&count, sizeof count);
            for (const Value &value : variable) {
                put (&value.value, sizeof value.value);
                put (value.view.data (), most_variables);
            }
        }
        put (state.consistent.data (), most_variables);
        return text;
    }

    void expand (const State &state)
    {
        bool moved = false;
        for (std::size_t i = 0; i < bodies_.size (); ++i) {
            const Thread &thread = state.threads[i];
            if (thread.over || thread.asleep)
                continue;
            if (find_next_access (i, thread)) {
                moved |= step (state, i);
                continue;
            }
            State next = state;
            next.threads[i].over = true;
            add (std::move (next));
            moved = true;
        }
        if (moved)
            return;
        for (std::size_t i = 0; i < bodies_.size (); ++i)
            if (!state.threads[i].over)
                outcome_.stuck += (outcome_.stuck.empty () ? "thread " : ", ") + std::to_string (i);
    }

    // The variable's value number `index` is read.
    static void read (State &state, Thread &thread, std::size_t index)
    {
        const Value &value = state.memory[pending.variable][index];
        thread.view[pending.variable] = static_cast<std::uint8_t> (index);
        if (acquires (pending.order))
            join (thread.view, value.view);
        thread.results.push_back (value.value);
    }

    // `carried`: of a read-modify-write, what the value it replaces passes on; that is not cut off.
    static void write (State &state, Thread &thread, std::uint64_t value, const View &carried)
    {
        auto &variable = state.memory[pending.variable];
        const auto index = static_cast<std::uint8_t> (variable.size ());
        thread.view[pending.variable] = index;
        View view = carried;
        if (releases (pending.order))
            join (view, thread.view);
        view[pending.variable] = index;
        variable.push_back ({value, view});
        if (pending.order == std::memory_order_seq_cst)
            state.consistent[pending.variable] = index;
    }

    // False: it can do nothing now.
    bool step (const State &state, std::size_t number)
    {
        const auto &variable = state.memory[pending.variable];
        const std::size_t last = variable.size () - 1;
        const auto with = [&] (auto &&change) {
            State next = state;
            change (next, next.threads[number]);
            add (std::move (next));
        };
        switch (pending.kind) {
        case Access::load: {
            std::size_t first = state.threads[number].view[pending.variable];
            if (pending.order == std::memory_order_seq_cst)
                first = std::max<std::size_t> (first, state.consistent[pending.variable]);
            for (std::size_t index = first; index <= last; ++index)
                with ([&] (State &next, Thread &thread) { read (next, thread, index); });
            return true;
        }
        case Access::store:
            with ([&] (State &next, Thread &thread) {
                write (next, thread, pending.value, View{});
                thread.results.push_back (0);
            });
            return true;
        case Access::exchange:
        case Access::add:
        case Access::compare:
            with ([&] (State &next, Thread &thread) {
                const Value before = variable[last];
                read (next, thread, last);
                if (pending.kind != Access::compare || before.value == pending.expected)
                    write (next, thread, pending.kind == Access::add ? before.value + pending.value : pending.value, before.view);
            });
            return true;
        case Access::wait_nonzero:
            if (variable[last].value == 0)
                return false;
            with ([&] (State &next, Thread &thread) { read (next, thread, last); });
            return true;
        case Access::wait_other:
            with ([&] (State &next, Thread &thread) {
                read (next, thread, last);
                thread.asleep = variable[last].value == pending.expected;
                thread.sleeps_on = static_cast<std::uint8_t> (pending.variable);
            });
            return true;
        case Access::wake_one:
        case Access::wake_all:
            wake (state, number);
            return true;
        case Access::choose:
            for (const std::uint64_t value : {0, 1})
                with ([&] (State &, Thread &thread) { thread.results.push_back (value); });
            return true;
        }
        return false;
    }

    void wake (const State &state, std::size_t number)
    {
        State all = state;
        all.threads[number].results.push_back (0);
        bool none = true;
        for (std::size_t i = 0; i < state.threads.size (); ++i) {
            if (!state.threads[i].asleep || state.threads[i].sleeps_on != pending.variable)
                continue;
            none = false;
            all.threads[i].asleep = false;
            if (pending.kind == Access::wake_all)
                continue;
            State one = state;
            one.threads[number].results.push_back (0);
            one.threads[i].asleep = false;
            add (std::move (one));
        }
        if (none || pending.kind == Access::wake_all)
            add (std::move (all));
    }

    const Threads &bodies_;
    std::vector<std::unordered_map<std::string, std::optional<Pending>>> next_;
    std::vector<State> open_;
    std::unordered_set<std::string> seen_;
    Outcome outcome_;
};

}  // namespace

std::size_t new_variable (std::uint64_t initial)
{
    initial_values.push_back (initial);
    if (initial_values.size () > most_variables)
        std::abort ();  // the test's fault
    return initial_values.size () - 1;
}

std::size_t running_thread () { return running; }

void reset () { initial_values.clear (); }

std::uint64_t access (Access kind, std::size_t variable, std::uint64_t value, std::uint64_t expected, std::memory_order order)
{
    if (position < replayed->size ())
        return (*replayed)[position++];
    pending = {kind, variable, value, expected, order};
    throw Paused{};
}

Outcome explore (const Threads &threads) { return Search (threads).run (); }

}  // namespace model
