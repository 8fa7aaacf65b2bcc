#!/usr/bin/perl
# Stands in for Motion's server on 127.0.0.1:9000: the legacy page for every path, JSON below /api.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{CHLD} = 'IGNORE';
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 9000, Listen => 64, ReuseAddr => 1)
    or die "listening: $!\n";
while (my $client = $server->accept) {
    if (fork) { close $client; next }
    my ($request, $path) = ('', '/');
    while (my $line = <$client>) {
        $path = $1 if $line =~ m{^[A-Z]+ (\S+) HTTP/};
        last if $line =~ /^\r?$/;
    }
    my ($status, $type, $body) = ('200 OK', 'text/html; charset=utf-8',
        "<!doctype html>\n<html ng-app=\"motion\"><head><base href=\"/\"><title>Legacy client</title></head><body></body></html>\n");
    ($type, $body) = ('application/json', "{}\n") if $path =~ m{^/api(/|$)};
    ($status, $body) = ('404 Not Found', "Cannot GET\n") if $path =~ /\.(m?js|css|json|svg|png|ico)(\?|$)/;
    printf {$client} "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
        $status, $type, length $body, $body;
    close $client;
    exit 0;
}
