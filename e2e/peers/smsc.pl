# An SMSC on Net::SMPP. README.md beside this file describes its events and orders.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use IO::Select;
use JSON::PP;
use Net::SMPP;
use Parts;

my ($system_id, $password) = @ARGV;
$| = 1;
$SIG{PIPE} = 'IGNORE';
my $json = JSON::PP->new->ascii->canonical;
my $reader = JSON::PP->new->utf8;
my (%plan, %last, %mode, %open, @waiting, %asked);
my $serial = 0x1a2b3c00;

my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34, system_id => 'net-smpp')
    or die "cannot listen: $!";
my $select = IO::Select->new($listener, \*STDIN);

sub say_event { my ($event, %fields) = @_; print $json->encode({ event => $event, %fields }), "\n" }
sub number { defined $_[0] && length $_[0] ? $_[0] + 0 : 0 }

# The library complains by warnings; that a peer closes its connection is none.
$SIG{__WARN__} = sub { say_event('trouble', why => $_[0]) unless $_[0] =~ /premature eof|reset by peer/ };

sub on_submit {
    my ($session, $pdu) = @_;
    my $plan = $plan{ $pdu->{destination_addr} } || { receipt => 'text', stat => 'DELIVRD' };
    my ($text, %place) = Parts::read($pdu);
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
    $last{ $pdu->{destination_addr} } = [$pdu, $id, $number];
    receipt($pdu, $plan, $id, $number) if $plan->{early};
    $session->submit_sm_resp(seq => $pdu->{seq}, message_id => $id);
    receipt($pdu, $plan, $id, $number) unless $plan->{early};
    Parts::gather(\&say_event, $pdu, $text, %place);
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

sub mobile_originated {
    my ($order) = @_;
    my $ref = $serial++ & 0x7fff;
    my @texts = @{ $order->{parts} };
    for my $i (@{ $order->{order} || [0 .. $#texts] }) {
        my @fields = (source_addr_ton => 1, source_addr_npi => 1, source_addr => $order->{from}, dest_addr_ton => 1,
            dest_addr_npi => 1, destination_addr => $order->{to}, data_coding => $order->{coding});
        my $via = $order->{via} || 'deliver_sm';
        deliver($via, $order->{tag}, @fields, Parts::fields($order, $ref, $i));
    }
}

my %order = (
    plan    => sub { $plan{ $_[0]{to} } = $_[0] },
    late    => sub {
        my ($pdu, $id, $number) = @{ $last{ $_[0]{to} } };
        receipt($pdu, { receipt => 'text', stat => $_[0]{stat} }, $id, $number);
    },
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
