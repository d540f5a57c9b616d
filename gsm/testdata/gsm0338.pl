# Prints how Perl's Encode::GSM0338 maps the GSM 7-bit default alphabet:
#   E <code point> <octets>   for every BMP character that it can encode
#   D <octets> <code point>   for every septet and every escape pair that it can decode
# all in hexadecimal, unpacked septets.
use strict;
use warnings;
use Encode ();
use Encode::GSM0338;

my $missing = sub { "" };
for my $point (0 .. 0xFFFF) {
    next if $point >= 0xD800 && $point <= 0xDFFF;
    my $octets = Encode::encode("gsm0338", chr($point), $missing);
    printf "E %04X %s\n", $point, uc unpack("H*", $octets) if length $octets;
}
for my $octets (map({ chr } 0 .. 0x7F), map({ "\x1B" . chr } 0 .. 0x7F)) {
    my $text = Encode::decode("gsm0338", $octets, $missing);
    printf "D %s %04X\n", uc unpack("H*", $octets), ord $text if length $text == 1;
}
