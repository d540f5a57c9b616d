# Texts and long messages, for either side: character sets, the place of a part,
# its header, and the parts put together.
package Parts;
use strict;
use warnings;
use Encode ();
use Encode::GSM0338;

sub decode_text {
    my ($coding, $octets) = @_;
    return Encode::decode('UTF-16BE', $octets) if ($coding & 0x0c) == 0x08;
    return Encode::decode('gsm0338', $octets);
}

sub encode_text {
    my ($coding, $text) = @_;
    return ($coding & 0x0c) == 0x08 ? Encode::encode('UTF-16BE', $text) : Encode::encode('gsm0338', $text);
}

# read gives the text of a message, and its place: in the user data header or in
# the sar_ parameters.
sub read {
    my ($pdu) = @_;
    my $payload = defined $pdu->{message_payload};
    my ($octets, %place) = place($pdu, $payload ? $pdu->{message_payload} : $pdu->{short_message});
    $place{how} = 'payload' if $payload;
    return (decode_text($pdu->{data_coding}, $octets), %place);
}

sub place {
    my ($pdu, $body) = @_;
    if ($pdu->{esm_class} & 0x40) {
        my ($header) = unpack 'C/a', $body;
        my $text = substr $body, 1 + length $header;
        while (length $header >= 2) {
            my ($iei, $ie) = unpack 'CC/a', $header;
            $header = substr $header, 2 + length $ie;
            my @f = $iei == 0 ? unpack('CCC', $ie) : $iei == 8 ? unpack('nCC', $ie) : next;
            return ($text, how => $iei == 0 ? 'udh8' : 'udh16', ref => $f[0], total => $f[1], seq => $f[2]);
        }
        return ($text, how => 'single', ref => 0, total => 1, seq => 1);
    }
    return ($body, how => 'sar', ref => unpack('n', $pdu->{sar_msg_ref_num}), total => unpack('C', $pdu->{sar_total_segments}),
        seq => unpack('C', $pdu->{sar_segment_seqnum})) if defined $pdu->{sar_total_segments};
    return ($body, how => 'single', ref => 0, total => 1, seq => 1);
}

my %gathered;

# gather says 'whole' when the last part of a message is there.
sub gather {
    my ($say, $pdu, $text, %place) = @_;
    my $key = "$pdu->{source_addr} $pdu->{destination_addr} $place{ref}";
    $gathered{$key}{ $place{seq} } = $text;
    return if keys %{ $gathered{$key} } < $place{total};
    my $have = delete $gathered{$key};
    $say->('whole', from => $pdu->{source_addr}, to => $pdu->{destination_addr}, parts => $place{total},
        text => join '', map { $have->{$_} } 1 .. $place{total});
}

my %header = (
    udh8  => sub { pack 'CCCCCC', 5, 0, 3, $_[0] & 255, $_[1], $_[2] },
    udh16 => sub { pack 'CCCnCC', 6, 8, 4, $_[0], $_[1], $_[2] },
);

# fields are those of part i (from 0) of an order with parts, how and via.
sub fields {
    my ($order, $ref, $i) = @_;
    my @fields;
    my $how = $order->{how} || '';
    my $total = @{ $order->{parts} };
    my $octets = encode_text($order->{coding}, $order->{parts}[$i]);
    if ($total > 1 && $how eq 'sar') {
        push @fields, sar_msg_ref_num => pack('n', $ref), sar_total_segments => chr($total), sar_segment_seqnum => chr($i + 1);
    } elsif ($total > 1) {
        $octets = $header{$how}->($ref, $total, $i + 1) . $octets;
        push @fields, esm_class => 0x40;
    }
    my $payload = $how eq 'payload' || ($order->{via} || '') eq 'data_sm';
    return (@fields, $payload ? 'message_payload' : 'short_message', $octets);
}

1;
