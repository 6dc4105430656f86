// The functions of one digest rather than EVP's: these neither read the machine's configuration nor load
// providers, which takes a millisecond of every start, and allocate nothing. OpenSSL 3 keeps them, though
// it would rather see the others.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
