using System.Collections.Generic;
using System.Linq;

namespace WmProxy.Configuration.Validation;

/// <summary>A stream takes either datagrams or connections, and has no keys that mean something for the other kind only.</summary>
internal static class StreamKindValidator
{
    public static void Validate(StreamConfig stream, ConfigErrorCollector errors)
    {
        if (stream.Listen.Count == 0)
        {
            return;
        }

        if (stream.Listen.FirstOrDefault(address => address.IsUdp != stream.IsUdp) is { } other)
        {
            errors.Add(
                ConfigKeyPath.Stream(stream.StreamId, "Listen"),
                $"'{stream.Listen[0]}' and '{other}' cannot be of one stream: udp:// takes datagrams, the others take connections; make two streams of it");
            return;
        }

        foreach (var (key, isSet, instead) in stream.IsUdp ? KeysForConnections(stream) : KeysForDatagrams(stream))
        {
            if (isSet)
            {
                errors.Add(ConfigKeyPath.Stream(stream.StreamId, key.Split(':')), $"is for streams that listen on {(stream.IsUdp ? "tcp://, tls:// or unix:" : "udp://")}; {instead}");
            }
        }
    }

    private static IEnumerable<(string Key, bool IsSet, string Instead)> KeysForConnections(StreamConfig stream) =>
    [
        ("Match", stream.Match is not null, "nothing in a datagram is looked at, leave the key out"),
        ("ConnectTimeout", stream.ConnectTimeout is not null, "a UDP session does not connect, leave the key out"),
        ("ConnectAttempts", stream.ConnectAttempts is not null, "a UDP session does not connect, leave the key out"),
        ("HalfCloseTimeout", stream.HalfCloseTimeout is not null, "a UDP session ends after 'IdleTimeout'"),
        ("MaxConnections", stream.MaxConnections is not null, "use 'MaxSessions'"),
        ("Tls", stream.Tls is not null, "UDP has no TLS, leave the key out"),
        ("ProxyProtocol:Accept", stream.ProxyProtocol?.Accept is not null, "from datagrams no PROXY header is read, leave the key out"),
    ];

    private static IEnumerable<(string Key, bool IsSet, string Instead)> KeysForDatagrams(StreamConfig stream) =>
    [
        ("MaxSessions", stream.MaxSessions is not null, "use 'MaxConnections'"),
        ("Requests", stream.Requests is not null, "a connection is not counted in datagrams, leave the key out"),
        ("Responses", stream.Responses is not null, "a connection is not counted in datagrams, leave the key out"),
    ];
}
