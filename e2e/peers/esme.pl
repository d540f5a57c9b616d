# A customer's system on Net::SMPP. README.md beside this file describes its events and orders.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use IO::Select;
use JSON::PP;
use Net::SMPP;
use Parts;

my ($address, $system_id) = @ARGV;
my ($host, $port) = split /:/, $address;
$| = 1;
$SIG{PIPE} = 'IGNORE';
my $json = JSON::PP->new->ascii->canonical;
my $reader = JSON::PP->new->utf8;
my (%session, %name, %asked); # by name; names and open requests by session
my $reference = 0x1a2b;
my $select = IO::Select->new(\*STDIN);

sub say_event { my ($event, %fields) = @_; print $json->encode({ event => $event, %fields }), "\n" }
sub number { defined $_[0] && length $_[0] ? $_[0] + 0 : 0 }
sub text { defined $_[0] ? $_[0] : '' }

# The library complains by warnings; that a peer closes its connection is none.
$SIG{__WARN__} = sub { say_event('trouble', why => $_[0]) unless $_[0] =~ /premature eof|reset by peer/ };

# ask sends a request, and remembers what to do with its answer.
sub ask {
    my ($order, $command, $fields, $answered) = @_;
    my $session = $session{ $order->{session} };
    my $seq = $session->$command(@$fields, async => 1);
    $asked{$session}{$seq} = $answered;
}

sub bind {
    my ($order) = @_;
    my $name = $order->{session};
    my $session = Net::SMPP->new_connect($host, port => $port, smpp_version => 0x34, interface_version => $order->{version} || 0x34,
        system_id => $system_id, password => $order->{password}, timeout => 10)
        or return say_event('closed', session => $name);
    $session{$name} = $session;
    $name{$session} = $name;
    $select->add($session);
    ask($order, "bind_$order->{mode}", [], sub {
        my ($pdu) = @_;
        my $version = text($pdu->{sc_interface_version});
        say_event('bound', session => $name, status => number($pdu->{status}), system_id => text($pdu->{system_id}),
            version => length $version ? ord $version : 0);
    });
}

sub source {
    my ($order) = @_;
    return (source_addr_ton => $order->{from_ton}, source_addr_npi => $order->{from_npi}, source_addr => $order->{from});
}

sub submit {
    my ($order) = @_;
    my $ref = $reference++;
    my $via = $order->{via} || 'submit_sm';
    my @common = (source($order), dest_addr_ton => 1, dest_addr_npi => 1, destination_addr => $order->{to},
        data_coding => $order->{coding}, registered_delivery => $order->{registered});
    push @common, validity_period => $order->{validity} || '', schedule_delivery_time => $order->{schedule} || ''
        unless $via eq 'data_sm';
    for my $i (0 .. $#{ $order->{parts} }) {
        ask($order, $via, [@common, Parts::fields($order, $ref, $i)], sub {
            my ($pdu) = @_;
            say_event('submitted', what => $order->{tag}, seq => $i + 1, status => number($pdu->{status}), id => text($pdu->{message_id}));
        });
    }
}

# multi is a submit_multi to a list of numbers.
sub multi {
    my ($order) = @_;
    my @to = @{ $order->{to} };
    ask($order, 'submit_multi', [source($order), dest_flag => [map { 1 } @to], dest_addr_ton => [map { 1 } @to],
        dest_addr_npi => [map { 1 } @to], destination_addr => \@to, data_coding => $order->{coding},
        registered_delivery => $order->{registered}, short_message => Parts::encode_text($order->{coding}, $order->{parts}[0])], sub {
        my ($pdu) = @_;
        my @refused = map { { to => $pdu->{destination_addr}[$_], status => $pdu->{error_status_code}[$_] } }
            0 .. number($pdu->{no_unsuccess}) - 1;
        say_event('submitted', what => $order->{tag}, status => number($pdu->{status}), id => text($pdu->{message_id}), refused => \@refused);
    });
}

# about asks, cancels or replaces a message.
sub about {
    my ($command, $order, @fields) = @_;
    ask($order, $command, [message_id => $order->{id}, source($order), @fields], sub {
        my ($pdu) = @_;
        say_event('answered', what => $command, status => number($pdu->{status}), id => text($pdu->{message_id}),
            state => number($pdu->{message_state}), done => length text($pdu->{final_date}) ? 'given' : '');
    });
}

# A receipt's text, which Net::SMPP leaves to its user.
sub receipt {
    my ($session, $pdu) = @_;
    my $text = text($pdu->{short_message});
    my %word = map { my ($word) = $text =~ /\b$_:(\S*)/; ($_ => text($word)) } qw(id stat err);
    my $id = text($pdu->{receipted_message_id});
    $id =~ s/\0$//;
    my $state = text($pdu->{message_state});
    say_event('receipt', session => $name{$session}, from => $pdu->{source_addr}, to => $pdu->{destination_addr},
        esm => number($pdu->{esm_class}), %word, tlv_id => $id, state => length $state ? ord $state : 0,
        text => Parts::decode_text(0, $text));
}

sub on_deliver {
    my ($session, $pdu, $answer) = @_;
    $session->$answer(seq => $pdu->{seq}, message_id => '');
    return receipt($session, $pdu) if $pdu->{esm_class} & 0x3c;
    my ($text, %place) = Parts::read($pdu);
    say_event('reply', session => $name{$session}, from => $pdu->{source_addr}, from_ton => number($pdu->{source_addr_ton}),
        from_npi => number($pdu->{source_addr_npi}), to => $pdu->{destination_addr}, to_ton => number($pdu->{dest_addr_ton}),
        to_npi => number($pdu->{dest_addr_npi}), coding => number($pdu->{data_coding}), esm => number($pdu->{esm_class}),
        text => $text, %place);
    Parts::gather(\&say_event, $pdu, $text, %place);
}

sub gone {
    my ($session) = @_;
    $select->remove($session);
    my $name = delete $name{$session};
    delete $asked{$session};
    delete $session{$name};
    $session->close;
    say_event('closed', session => $name);
}

my %request = (
    0x00000005 => sub { on_deliver(@_, 'deliver_sm_resp') },
    0x00000103 => sub { on_deliver(@_, 'data_sm_resp') },
    0x00000015 => sub { say_event('enquire', session => $name{ $_[0] }); $_[0]->enquire_link_resp(seq => $_[1]{seq}) },
    0x00000006 => sub { say_event('unbind', session => $name{ $_[0] }); $_[0]->unbind_resp(seq => $_[1]{seq}); gone($_[0]) },
);

my %order = (
    bind    => \&bind,
    submit  => \&submit,
    multi   => \&multi,
    query   => sub { about('query_sm', @_) },
    cancel  => sub { about('cancel_sm', @_, dest_addr_ton => 1, dest_addr_npi => 1, destination_addr => $_[0]{to} || '') },
    replace => sub { about('replace_sm', @_, registered_delivery => 1, short_message => Parts::encode_text(0, $_[0]{parts}[0])) },
    enquire => sub { ask($_[0], 'enquire_link', [], sub { say_event('answered', what => 'enquire_link') }) },
    unbind  => sub {
        my ($order) = @_;
        my $session = $session{ $order->{session} };
        ask($order, 'unbind', [], sub { say_event('unbound', session => $order->{session}); gone($session) });
    },
    drop => sub { gone($session{ $_[0]{session} }) },
);

sub on_pdu {
    my ($session) = @_;
    my $pdu = $session->read_pdu or return gone($session);
    if ($pdu->{cmd} & 0x80000000) {
        my $answered = delete $asked{$session}{ $pdu->{seq} }
            or return say_event('trouble', why => sprintf 'answer %08X to nothing', $pdu->{cmd});
        return $answered->($pdu);
    }
    my $does = $request{ $pdu->{cmd} } or return say_event('trouble', why => sprintf 'unexpected command %08X', $pdu->{cmd});
    $does->($session, $pdu);
}

say_event('ready');
my $orders = '';
while (1) {
    for my $ready ($select->can_read) {
        if ($ready != \*STDIN) {
            on_pdu($ready) if $name{$ready};
            next;
        }
        sysread(STDIN, $orders, 65536, length $orders) or exit 0;
        while ($orders =~ s/^(.*)\n//) {
            my $order = $reader->decode($1);
            $order{ $order->{do} }->($order);
            say_event('done');
        }
    }
}
