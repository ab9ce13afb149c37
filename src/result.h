#ifndef RESULT_H
#define RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deadline.h"
#include "spec.h"

struct cJSON;

/* Why the verdict is what it is: one CamelCase word each, which the man page lists. Scripts match them: a word is never
 * renamed. */
#define REASONS(X)                                                                                                     \
	X(OK, "Ok")                                                                                                    \
	X(TIMEOUT, "Timeout")                                                                                          \
	X(INTERRUPTED, "Interrupted")                                                                                  \
	X(NAME_NOT_RESOLVED, "NameNotResolved")                                                                        \
	X(CONNECTION_REFUSED, "ConnectionRefused")                                                                     \
	X(CONNECTION_RESET, "ConnectionReset")                                                                         \
	X(UNREACHABLE, "Unreachable")                                                                                  \
	X(NO_SOCKET, "NoSocket")                                                                                       \
	X(PERMISSION_DENIED, "PermissionDenied")                                                                       \
	X(OUT_OF_RESOURCES, "OutOfResources")                                                                          \
	X(UNEXPECTED_STATUS, "UnexpectedStatus")                                                                       \
	X(TOO_MANY_REDIRECTS, "TooManyRedirects")                                                                      \
	X(BAD_REDIRECT, "BadRedirect")                                                                                 \
	X(EMPTY_RESPONSE, "EmptyResponse")                                                                             \
	X(MALFORMED_RESPONSE, "MalformedResponse")                                                                     \
	X(TRUNCATED_RESPONSE, "TruncatedResponse")                                                                     \
	X(HEADERS_TOO_LARGE, "HeadersTooLarge")                                                                        \
	X(HTTP2_MISSING, "Http2Missing")                                                                               \
	X(HTTP2_EXPECTED, "Http2Expected")                                                                             \
	X(TLS_FAILED, "TlsFailed")                                                                                     \
	X(NOT_TLS, "NotTls")                                                                                           \
	X(TLS_EXPECTED, "TlsExpected")                                                                                 \
	X(NO_TLS_SUPPORT, "NoTlsSupport")                                                                              \
	X(NO_CA_BUNDLE, "NoCaBundle")                                                                                  \
	X(CLIENT_CERTIFICATE_REQUIRED, "ClientCertificateRequired")                                                    \
	X(CERTIFICATE_EXPIRED, "CertificateExpired")                                                                   \
	X(CERTIFICATE_NOT_YET_VALID, "CertificateNotYetValid")                                                         \
	X(CERTIFICATE_UNTRUSTED, "CertificateUntrusted")                                                               \
	X(CERTIFICATE_WRONG_HOST, "CertificateWrongHost")                                                              \
	X(CERTIFICATE_ENDS_SOON, "CertificateEndsSoon")                                                                \
	X(NOT_SERVING, "NotServing")                                                                                   \
	X(HEALTH_UNKNOWN, "HealthUnknown")                                                                             \
	X(SERVICE_UNKNOWN, "ServiceUnknown")                                                                           \
	X(BAD_HEALTH_STATUS, "BadHealthStatus")                                                                        \
	X(NOT_GRPC, "NotGrpc")                                                                                         \
	X(MESSAGE_COMPRESSED, "MessageCompressed")                                                                     \
	X(MESSAGE_TOO_LONG, "MessageTooLong")                                                                          \
	X(SECOND_MESSAGE, "SecondMessage")                                                                             \
	X(MESSAGE_MISSING, "MessageMissing")                                                                           \
	X(GRPC_STATUS_MISSING, "GrpcStatusMissing")                                                                    \
	/* The status codes of gRPC 1-16, in order; OK is no reason of a failure. */                                   \
	X(GRPC_CANCELLED, "GrpcCancelled")                                                                             \
	X(GRPC_UNKNOWN, "GrpcUnknown")                                                                                 \
	X(GRPC_INVALID_ARGUMENT, "GrpcInvalidArgument")                                                                \
	X(GRPC_DEADLINE_EXCEEDED, "GrpcDeadlineExceeded")                                                              \
	X(GRPC_NOT_FOUND, "GrpcNotFound")                                                                              \
	X(GRPC_ALREADY_EXISTS, "GrpcAlreadyExists")                                                                    \
	X(GRPC_PERMISSION_DENIED, "GrpcPermissionDenied")                                                              \
	X(GRPC_RESOURCE_EXHAUSTED, "GrpcResourceExhausted")                                                            \
	X(GRPC_FAILED_PRECONDITION, "GrpcFailedPrecondition")                                                          \
	X(GRPC_ABORTED, "GrpcAborted")                                                                                 \
	X(GRPC_OUT_OF_RANGE, "GrpcOutOfRange")                                                                         \
	X(GRPC_UNIMPLEMENTED, "GrpcUnimplemented")                                                                     \
	X(GRPC_INTERNAL, "GrpcInternal")                                                                               \
	X(GRPC_UNAVAILABLE, "GrpcUnavailable")                                                                         \
	X(GRPC_DATA_LOSS, "GrpcDataLoss")                                                                              \
	X(GRPC_UNAUTHENTICATED, "GrpcUnauthenticated")                                                                 \
	X(EXIT_STATUS, "ExitStatus")                                                                                   \
	X(KILLED_BY_SIGNAL, "KilledBySignal")                                                                          \
	X(COMMAND_NOT_FOUND, "CommandNotFound")                                                                        \
	X(COMMAND_NOT_EXECUTABLE, "CommandNotExecutable")                                                              \
	X(EXPECTATION_FAILED, "ExpectationFailed")                                                                     \
	X(TOO_SLOW, "TooSlow")                                                                                         \
	X(CONNECTION_CLOSED, "ConnectionClosed")                                                                       \
	X(FILE_MISSING, "FileMissing")                                                                                 \
	X(FILE_TOO_OLD, "FileTooOld")                                                                                  \
	X(FILE_TOO_SMALL, "FileTooSmall")                                                                              \
	X(FILE_UNREADABLE, "FileUnreadable")                                                                           \
	X(PROCESS_NOT_FOUND, "ProcessNotFound")                                                                        \
	X(PROCESS_IS_ZOMBIE, "ProcessIsZombie")                                                                        \
	X(PROCESS_NAME_DIFFERS, "ProcessNameDiffers")                                                                  \
	X(PIDFILE_MISSING, "PidfileMissing")                                                                           \
	X(PIDFILE_INVALID, "PidfileInvalid")                                                                           \
	X(INTERNAL_ERROR, "InternalError")

enum reason {
#define X(name, word) REASON_##name,
	REASONS(X)
#undef X
};

/* What a probe found. A probe fills it; output reads it. */
struct result {
	enum verdict verdict;
	enum reason reason;
	char message[480]; /* what was seen; may hold bytes of the target, output escapes them */
	char warning[240]; /* "" when there is none */

	/* How long each phase took, in nanoseconds, summed over redirects; -1 where it was not reached. */
	struct phases {
		int64_t resolve, connect, tls, first_byte;
	} phases;
	int64_t duration; /* of everything, in nanoseconds from the start of the program */
	int64_t held;     /* of that, waited after the answer: for --hold, or for a server's objection */

	/* What the probe saw, for -v and -o json. Only gathered where `detail` is set; queries and bodies only where
	 * `verbose` is. */
	bool detail, verbose;
	struct cJSON *facts;
	size_t listed; /* the bytes of all items of lists */
};

/* The word of a reason. */
const char *reason_word(enum reason reason);

/* "success", "failure", "unknown". */
const char *verdict_word(enum verdict verdict);

/* An empty result, to be filled as richly as the spec's output wants it. */
void result_init(struct result *result, const struct spec *spec);
void result_release(struct result *result);

void result_set(struct result *result, enum verdict verdict, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds "; " and more to the message; the verdict stays. */
void result_add(struct result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));
void result_warn(struct result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Unknown: the deadline has passed, or a signal came. `doing` says what was waited for, or is NULL. */
void result_stopped(struct result *result, const struct deadline *deadline, const char *doing);

/* Unknown: memory, descriptors or processes ran out; `what` could not be done because of errno `number`. */
void result_no_resources(struct result *result, const char *what, int number);

/* Unknown: what is there could not be read, `what` says of it, because of errno `number`. The reason is `reason`, where
 * the number has none of its own. */
void result_unreadable(struct result *result, enum reason reason, const char *what, int number);

/* Adds to a phase, which may be -1 before. */
void result_phase(int64_t *phase, int64_t nanoseconds);

/* Facts, under their JSON names. Texts may be any bytes of the target. Adding a fact again replaces it. */
void result_number(struct result *result, const char *name, double value);
void result_bool(struct result *result, const char *name, bool value);
void result_text(struct result *result, const char *name, const char *bytes, size_t count);
/* Adds a text to the list of this name. However much a peer sends, all lists together end after 256 KiB, with "...". */
void result_item(struct result *result, const char *name, const char *bytes, size_t count);
/* Removes a fact or a list. */
void result_drop(struct result *result, const char *name);
/* Adds to the list "failedExpectations": which expectation it is, what it asks for and what there is instead. */
void result_expectation(struct result *result, const char *kind, const char *wanted, const char *message);
/* Adds an object with two texts and a duration to the list "attempts". */
void result_attempt(struct result *result, const char *address, const char *answer, int64_t nanoseconds);

#endif
