# An SMSC on Net::SMPP. README.md beside this file describes its events and orders.
use strict;
use warnings;
use Encode ();
use Encode::GSM0338;
use IO::Select;
use JSON::PP;
use Net::SMPP;

my ($system_id, $password) = @ARGV;
$| = 1;
$SIG{PIPE} = 'IGNORE';
my $json = JSON::PP->new->ascii->canonical;
my $reader = JSON::PP->new->utf8;
my (%plan, %mode, %open, @waiting, %parts, %asked);
my $serial = 0x1a2b3c00;

my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34, system_id => 'net-smpp')
    or die "cannot listen: $!";
my $select = IO::Select->new($listener, \*STDIN);

sub say_event { my ($event, %fields) = @_; print $json->encode({ event => $event, %fields }), "\n" }
sub number { defined $_[0] && length $_[0] ? $_[0] + 0 : 0 }

# The library complains by warnings; that a peer closes its connection is none.
$SIG{__WARN__} = sub { say_event('trouble', why => $_[0]) unless $_[0] =~ /premature eof|reset by peer/ };

sub decode_text {
    my ($coding, $octets) = @_;
    return Encode::decode('UTF-16BE', $octets) if ($coding & 0x0c) == 0x08;
    return Encode::decode('gsm0338', $octets);
}

sub encode_text {
    my ($coding, $text) = @_;
    return $coding == 8 ? Encode::encode('UTF-16BE', $text) : Encode::encode('gsm0338', $text);
}

# place of a part: in the user data header or in the sar_ parameters.
sub concat {
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

sub gather {
    my ($pdu, $text, %place) = @_;
    my $key = "$pdu->{source_addr} $pdu->{destination_addr} $place{ref}";
    $parts{$key}{ $place{seq} } = $text;
    return if keys %{ $parts{$key} } < $place{total};
    my $have = delete $parts{$key};
    say_event('whole', from => $pdu->{source_addr}, to => $pdu->{destination_addr}, parts => $place{total},
        text => join '', map { $have->{$_} } 1 .. $place{total});
}

sub on_submit {
    my ($session, $pdu) = @_;
    my $plan = $plan{ $pdu->{destination_addr} } || { receipt => 'text', stat => 'DELIVRD' };
    my $payload = defined $pdu->{message_payload};
    my ($octets, %place) = concat($pdu, $payload ? $pdu->{message_payload} : $pdu->{short_message});
    $place{how} = 'payload' if $payload;
    my $text = decode_text($pdu->{data_coding}, $octets);
    my $number = $serial++;
    my $id = $plan->{hex} ? sprintf('%X', $number) : "$number";
    say_event('submit', from => $pdu->{source_addr}, from_ton => number($pdu->{source_addr_ton}),
        from_npi => number($pdu->{source_addr_npi}), to => $pdu->{destination_addr}, to_ton => number($pdu->{dest_addr_ton}),
        to_npi => number($pdu->{dest_addr_npi}), coding => number($pdu->{data_coding}), esm => number($pdu->{esm_class}),
        registered => number($pdu->{registered_delivery}), validity => length $pdu->{validity_period} ? 'given' : '',
        text => $text, id => $id, %place);
    if ($plan->{status}) {
        $session->submit_sm_resp(seq => $pdu->{seq}, status => $plan->{status}, message_id => '');
        return;
    }
    receipt($pdu, $plan, $id, $number) if $plan->{early};
    $session->submit_sm_resp(seq => $pdu->{seq}, message_id => $id);
    receipt($pdu, $plan, $id, $number) unless $plan->{early};
    gather($pdu, $text, %place);
}

sub receipt {
    my ($pdu, $plan, $id, $number) = @_;
    return if $plan->{receipt} eq 'none' || !($pdu->{registered_delivery} & 3);
    my $stat = $plan->{stat} || 'DELIVRD';
    my @fields = (source_addr_ton => $pdu->{dest_addr_ton}, source_addr_npi => $pdu->{dest_addr_npi},
        source_addr => $pdu->{destination_addr}, dest_addr_ton => $pdu->{source_addr_ton},
        dest_addr_npi => $pdu->{source_addr_npi}, destination_addr => $pdu->{source_addr}, esm_class => 0x04);
    if ($plan->{receipt} eq 'tlv') {
        push @fields, receipted_message_id => "$id\0", message_state => chr($stat eq 'DELIVRD' ? 2 : 5);
    } else {
        my $day = '2611241200';
        push @fields, short_message => "id:$number sub:001 dlvrd:001 submit date:$day done date:$day stat:$stat err:"
            . ($stat eq 'DELIVRD' ? '000' : '001') . ' text:';
    }
    deliver('deliver_sm', 'receipt', @fields);
}

# deliver sends on a session that receives, or waits for one.
sub deliver {
    my ($via, $what, @fields) = @_;
    my ($session) = grep { ($mode{$_} || 'transmitter') ne 'transmitter' } $select->handles;
    return push @waiting, [@_] unless $session;
    my $seq = $session->$via(@fields, async => 1);
    $asked{$session}{$seq} = { what => $what, via => $via };
}

sub on_bind {
    my ($session, $pdu, $mode) = @_;
    my $ok = $pdu->{system_id} eq $system_id && $pdu->{password} eq $password;
    say_event('bind', mode => $mode, system_id => $pdu->{system_id}, version => number($pdu->{interface_version}),
        ok => $ok ? JSON::PP::true : JSON::PP::false);
    my $answer = "bind_${mode}_resp";
    if (!$ok) {
        $session->$answer(seq => $pdu->{seq}, status => 0x0e, system_id => '');
        return gone($session);
    }
    $mode{$session} = $mode;
    $session->$answer(seq => $pdu->{seq}, system_id => 'net-smpp', sc_interface_version => chr 0x34);
    deliver(@$_) for splice @waiting;
}

sub gone {
    my ($session) = @_;
    $select->remove($session);
    delete $mode{$session};
    delete $open{$session};
    delete $asked{$session};
    $session->close;
    say_event('closed');
}

my %request = (
    0x00000001 => sub { on_bind(@_, 'receiver') },
    0x00000002 => sub { on_bind(@_, 'transmitter') },
    0x00000009 => sub { on_bind(@_, 'transceiver') },
    0x00000004 => \&on_submit,
    0x00000015 => sub { say_event('enquire'); $_[0]->enquire_link_resp(seq => $_[1]{seq}) },
    0x00000006 => sub { say_event('unbind'); $_[0]->unbind_resp(seq => $_[1]{seq}); gone($_[0]) },
    0x80000015 => sub { say_event('enquired') },
    0x80000006 => sub { say_event('unbound'); gone($_[0]) },
    0x80000005 => \&on_delivered,
    0x80000103 => \&on_delivered,
);

sub on_delivered {
    my ($session, $pdu) = @_;
    my $asked = delete $asked{$session}{ $pdu->{seq} } or return say_event('trouble', why => 'answer to nothing');
    say_event('delivered', %$asked, status => number($pdu->{status}));
}

my %header = (
    udh8  => sub { pack 'CCCCCC', 5, 0, 3, $_[0] & 255, $_[1], $_[2] },
    udh16 => sub { pack 'CCCnCC', 6, 8, 4, $_[0], $_[1], $_[2] },
);

sub mobile_originated {
    my ($order) = @_;
    my $ref = $serial++ & 0x7fff;
    my @texts = @{ $order->{parts} };
    for my $i (@{ $order->{order} || [0 .. $#texts] }) {
        my @fields = (source_addr_ton => 1, source_addr_npi => 1, source_addr => $order->{from}, dest_addr_ton => 1,
            dest_addr_npi => 1, destination_addr => $order->{to}, data_coding => $order->{coding});
        my $octets = encode_text($order->{coding}, $texts[$i]);
        if (@texts > 1 && $order->{how} eq 'sar') {
            push @fields, sar_msg_ref_num => pack('n', $ref), sar_total_segments => chr(scalar @texts), sar_segment_seqnum => chr($i + 1);
        } elsif (@texts > 1) {
            $octets = $header{ $order->{how} }->($ref, scalar @texts, $i + 1) . $octets;
            push @fields, esm_class => 0x40;
        }
        my $via = $order->{via} || 'deliver_sm';
        push @fields, $via eq 'data_sm' ? 'message_payload' : 'short_message', $octets;
        deliver($via, $order->{tag}, @fields);
    }
}

my %order = (
    plan    => sub { $plan{ $_[0]{to} } = $_[0] },
    mo      => \&mobile_originated,
    enquire => sub { $_->enquire_link(async => 1) for sessions() },
    unbind  => sub { $_->unbind(async => 1) for sessions() },
    drop    => sub { gone($_) for sessions() },
);
sub sessions { grep { $mode{$_} } $select->handles }

say_event('listening', port => $listener->sockport + 0);
my $orders = '';
while (1) {
    for my $ready ($select->can_read) {
        if ($ready == $listener) {
            my $session = $listener->accept or next;
            $session->autoflush(1);
            $select->add($session);
            $open{$session} = 1;
        } elsif ($ready == \*STDIN) {
            sysread(STDIN, $orders, 65536, length $orders) or exit 0;
            while ($orders =~ s/^(.*)\n//) {
                my $order = $reader->decode($1);
                $order{ $order->{do} }->($order);
                say_event('done');
            }
        } elsif ($open{$ready}) {
            my $pdu = $ready->read_pdu;
            if (!$pdu) { gone($ready); next }
            my $does = $request{ $pdu->{cmd} };
            $does ? $does->($ready, $pdu) : say_event('trouble', why => sprintf 'unexpected command %08X', $pdu->{cmd});
        }
    }
}
