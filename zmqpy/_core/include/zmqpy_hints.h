/* What C says and Cython cannot: which way a branch goes as a rule, and that a reference is taken over. */
#ifndef ZMQPY_HINTS_H_INCLUDED
#define ZMQPY_HINTS_H_INCLUDED

#if defined(__GNUC__)
#    define zmqpy_likely(x) __builtin_expect (!!(x), 1)
#    define zmqpy_unlikely(x) __builtin_expect (!!(x), 0)
#else
#    define zmqpy_likely(x) (x)
#    define zmqpy_unlikely(x) (x)
#endif
#define zmqpy_own(made) (made)

#endif
