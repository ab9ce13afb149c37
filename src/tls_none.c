#include "tls.h"

bool tls_available(void)
{
	return false;
}

void tls_prepare(bool needed)
{
	(void)needed;
}

int tls_library_check_files(const struct spec *spec, struct error *error)
{
	(void)spec;
	return error_set(error, "--cacert, --cert and --key: this probectl was built without TLS");
}

void tls_library_observe(CURL *easy, struct tls_session *session)
{
	(void)easy;
	(void)session;
}

void tls_library_forget(void)
{
}

void tls_library_hear_out(struct tls_session *session, int fd, const struct deadline *deadline)
{
	(void)session;
	(void)fd;
	(void)deadline;
}

void tls_library_close(struct tls_session *session, int fd)
{
	(void)session;
	(void)fd;
}
