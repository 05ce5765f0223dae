/* Whether a class is as it was: CPython numbers the states of classes. Anything assigned to a class or to one of its bases takes
 * the number away, and the next lookup in the class gives it a new one.
 */
#ifndef ZMQPY_TYPES_H_INCLUDED
#define ZMQPY_TYPES_H_INCLUDED

#include <Python.h>

#define ZMQPY_NEVER 0xFFFFFFFFu /* no class's number */

/* Of the object's class; 0, or a number that comes once only, if it has none. */
static inline unsigned int zmqpy_type_version (PyObject *object)
{
#ifdef PYPY_VERSION
    (void) object;
    return 0;
#else
#    if PY_VERSION_HEX < 0x030B0000
    if (!(Py_TYPE (object)->tp_flags & Py_TPFLAGS_VALID_VERSION_TAG))
        return 0;
#    endif
    return Py_TYPE (object)->tp_version_tag;
#endif
}

/* What a class or one of its bases has under a name, borrowed; NULL, and no exception, if nothing. */
static inline PyObject *zmqpy_type_lookup (PyTypeObject *type, PyObject *name) { return _PyType_Lookup (type, name); }

#endif
