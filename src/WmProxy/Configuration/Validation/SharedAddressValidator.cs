using System.Collections.Generic;
using System.Linq;

namespace WmProxy.Configuration.Validation;

/// <summary>Streams on one address: at most one takes the rest, no two take the same, and all expect the same PROXY header.</summary>
internal static class SharedAddressValidator
{
    public static void Validate(List<ListenerClaim> claims, ConfigErrorCollector errors)
    {
        var selectors = new Dictionary<(string? ServerName, string? Alpn), StreamConfig>();
        var expected = claims[0].Stream!;
        foreach (var claim in claims)
        {
            var stream = claim.Stream!;
            foreach (var selector in SelectorsOf(stream.Match).Distinct())
            {
                if (!selectors.TryAdd(selector, stream) && !ReferenceEquals(selectors[selector], stream))
                {
                    AddSame(claim, selector, selectors[selector], errors);
                }
            }

            if (!Equals(stream.ProxyProtocol?.Accept, expected.ProxyProtocol?.Accept))
            {
                errors.Add(
                    ConfigKeyPath.Stream(stream.StreamId, "ProxyProtocol", "Accept"),
                    $"differs from that of the stream '{expected.StreamId}' on the same address '{claim.Text}': the header is read before the stream is known");
            }
        }
    }

    private static IEnumerable<(string? ServerName, string? Alpn)> SelectorsOf(StreamMatchConfig? match)
    {
        var names = match is { ServerNames.Count: > 0 } ? match.ServerNames : [null!];
        var protocols = match is { AlpnProtocols.Count: > 0 } ? match.AlpnProtocols : [null!];
        return names.SelectMany(_ => protocols, (name, protocol) => ((string?)name?.ToLowerInvariant(), (string?)protocol));
    }

    private static void AddSame(ListenerClaim claim, (string? ServerName, string? Alpn) selector, StreamConfig other, ConfigErrorCollector errors)
    {
        if (selector is (null, null))
        {
            errors.Add(claim.Path, $"'{claim.Text}' is taken by the stream '{other.StreamId}' as well, and neither has a 'Match'; only one of them can take the rest");
            return;
        }

        var what = selector.ServerName is null ? $"ALPN protocol '{selector.Alpn}'"
            : selector.Alpn is null ? $"server name '{selector.ServerName}'"
            : $"server name '{selector.ServerName}' with ALPN protocol '{selector.Alpn}'";
        errors.Add(ConfigKeyPath.Stream(claim.Stream!.StreamId, "Match"), $"takes the {what} on '{claim.Text}', as the stream '{other.StreamId}' does");
    }
}
