/*
 * The least that a server of event streams can do: it walks an array of sockets
 * and writes the frame to each. One thread, one epoll, no timers, no checks of
 * who asks. What a server costs above this is what its features cost.
 *
 *   GET  /sub/NAME   the stream of NAME, after Last-Event-ID if there is one
 *   POST /pub/NAME   the body is an event for NAME
 *   POST /lines      each line is an event: {"user":"NAME",...,"data":EVENT}
 *
 * It trusts its clients: a request fits into a buffer, and who does not read
 * fast enough is cut.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TOPICS = 1 << 16, MOST_FILES = 1 << 16, BUFFER = 1 << 20, KEPT = 128 };

struct kept {
	char *frame;
	int size;
};

struct topic {
	char name[32];
	int *readers, n, room; /* sockets */
	long last;             /* number of events */
	struct kept *kept;     /* the last frames, by number modulo KEPT */
};

struct conn {
	struct topic *topic; /* of a reader */
	int place;           /* in topic->readers */
	char *rest;          /* the beginning of a request that is not whole */
	int left;
};

static struct topic *topics[TOPICS];
static struct conn conns[MOST_FILES];
static char buffer[BUFFER], frame[BUFFER];
static int epoll;

static void die(const char *what) {
	perror(what);
	exit(1);
}

/* A topic lives as long as the program. */
static struct topic *find(const char *name, int len) {
	unsigned h = 2166136261u;
	for (int i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	for (unsigned i = h % TOPICS;; i = (i + 1) % TOPICS) {
		struct topic *t = topics[i];
		if (t == NULL) {
			t = topics[i] = calloc(1, sizeof *t);
			memcpy(t->name, name, len);
			return t;
		}
		if (strncmp(t->name, name, len) == 0 && t->name[len] == 0)
			return t;
	}
}

static void drop(int fd) {
	struct conn *c = &conns[fd];
	if (c->topic != NULL) {
		int moved = c->topic->readers[--c->topic->n];
		c->topic->readers[c->place] = moved;
		conns[moved].place = c->place;
	}
	free(c->rest);
	memset(c, 0, sizeof *c);
	close(fd);
}

/* The whole of delivery. */
static void publish(struct topic *t, const char *data, int len) {
	int size = snprintf(frame, sizeof frame, "data: %.*s\nid: %ld\n\n", len, data, ++t->last);
	if (t->kept == NULL)
		t->kept = calloc(KEPT, sizeof *t->kept);
	struct kept *k = &t->kept[t->last % KEPT];
	k->frame = realloc(k->frame, k->size = size);
	memcpy(k->frame, frame, size);
	for (int i = t->n - 1; i >= 0; i--)
		if (write(t->readers[i], frame, size) != size)
			drop(t->readers[i]);
}

static void say(int fd, const char *text, int len) {
	if (write(fd, text, len) != len)
		drop(fd);
}

static void subscribe(int fd, struct topic *t, long after) {
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: connected\n\n";
	int len = sizeof head - 1;
	if (t->n == t->room)
		t->readers = realloc(t->readers, (t->room = t->room ? 2 * t->room : 1) * sizeof *t->readers);
	conns[fd].topic = t;
	conns[fd].place = t->n;
	t->readers[t->n++] = fd;
	memcpy(frame, head, len);
	for (long n = after + 1; after >= 0 && n <= t->last; n++) {
		if (n <= t->last - KEPT)
			continue;
		struct kept *k = &t->kept[n % KEPT];
		memcpy(frame + len, k->frame, k->size);
		len += k->size;
	}
	say(fd, frame, len);
}

static void lines(char *body, char *end) {
	while (body < end) {
		char *eol = memchr(body, '\n', end - body);
		char *user = strstr(body, "\"user\":\"") + 8, *data = strstr(user, "\"data\":") + 7;
		if (eol == NULL)
			eol = end;
		publish(find(user, strchr(user, '"') - user), data, eol - data - 1);
		body = eol + 1;
	}
}

/* Takes a request from p, and returns its length; 0 if it is not whole. */
static int request(int fd, char *p, int n) {
	char *head = memmem(p, n, "\r\n\r\n", 4), *field;
	int body = 0, size;
	if (head == NULL)
		return 0;
	*head = 0;
	if ((field = strcasestr(p, "\r\ncontent-length:")) != NULL)
		body = atoi(field + 17);
	size = head + 4 - p + body;
	if (size > n) {
		*head = '\r';
		return 0;
	}
	if (strncmp(p, "GET /sub/", 9) == 0) {
		field = strcasestr(p, "\r\nlast-event-id:");
		subscribe(fd, find(p + 9, strchr(p + 9, ' ') - p - 9), field ? atol(field + 16) : -1);
		return size;
	}
	if (strncmp(p, "POST /pub/", 10) == 0)
		publish(find(p + 10, strchr(p + 10, ' ') - p - 10), head + 4, body);
	else if (strncmp(p, "POST /lines", 11) == 0)
		lines(head + 4, head + 4 + body);
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
	return size;
}

static void serve(int fd) {
	struct conn *c = &conns[fd];
	int had = c->left, n;
	if (had > 0)
		memcpy(buffer, c->rest, had);
	n = read(fd, buffer + had, sizeof buffer - had - 1);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			drop(fd);
		return;
	}
	n += had;
	buffer[n] = 0;
	c->left = 0;
	char *p = buffer;
	for (int size; n > 0 && (size = request(fd, p, n)) > 0; p += size, n -= size)
		;
	if (n > 0) {
		c->rest = realloc(c->rest, n);
		memcpy(c->rest, p, n);
		c->left = n;
	}
}

static void welcome(int listener) {
	for (int fd, on = 1; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
		if (fd >= MOST_FILES) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
			die("epoll_ctl");
	}
}

int main(int argc, char **argv) {
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 8080), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct rlimit files;
	int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(listener, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(listener, 4096) < 0)
		die("listen");
	epoll = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN, .data.fd = listener}, ready[256];
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e) < 0)
		die("epoll_ctl");
	for (;;) {
		int n = epoll_wait(epoll, ready, 256, -1);
		for (int i = 0; i < n; i++) {
			if (ready[i].data.fd == listener)
				welcome(listener);
			else
				serve(ready[i].data.fd);
		}
	}
}
