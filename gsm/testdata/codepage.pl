# Prints, for each encoding named, every BMP character that it holds alone and its octets.
use strict;
use warnings;
use Encode;

for my $name (@ARGV) {
	my $encoding = find_encoding($name) or die "Encode has no $name\n";
	for my $point (0x20 .. 0xFFFD) {
		next if $point >= 0xD800 && $point <= 0xDFFF;
		my $text = chr $point;
		my $octets = eval { $encoding->encode($text, Encode::FB_CROAK) };
		printf "%s %04X %s\n", $name, $point, unpack('H*', $octets) if defined $octets;
	}
}
