#!/usr/bin/perl
# Reads a feed with XML::Feed and prints the titles, one a line.  usage: parse.pl FILE
use strict;
use warnings;
use XML::Feed;

# XML::Atom gives bytes otherwise.
$XML::Atom::ForceUnicode = 1;
binmode STDOUT, ':utf8';
my $feed = XML::Feed->parse($ARGV[0]) or die XML::Feed->errstr;
print $_->title, "\n" for $feed->entries;
