using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>No address is taken twice, but by streams that share exactly the same one and are told apart by <c>Match</c>. UDP, which HTTP/3 uses too, has ports of its own.</summary>
internal static class ListenerConflictValidator
{
    public static void Validate(WmProxyConfig config, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        var shared = ShareEqual(config, errors);
        foreach (var claims in shared)
        {
            SharedAddressValidator.Validate(claims, errors);
        }

        var all = shared.Select(claims => claims[0]).Concat(ForwardClaims(config, errors)).Concat(KestrelClaims(context, errors)).OrderBy(claim => claim.FirstPort).ToList();
        for (var i = 0; i < all.Count; i++)
        {
            for (var j = i + 1; j < all.Count && all[j].FirstPort <= all[i].LastPort; j++)
            {
                if (all[i].Overlaps(all[j]))
                {
                    AddOverlap(all[i], all[j], errors);
                }
            }
        }
    }

    /// <summary>The claims of streams, those on the very same address together.</summary>
    private static List<List<ListenerClaim>> ShareEqual(WmProxyConfig config, ConfigErrorCollector errors)
    {
        var byAddress = new Dictionary<ListenAddress, List<ListenerClaim>>();
        foreach (var stream in config.Streams.Values)
        {
            for (var i = 0; i < stream.Listen.Count; i++)
            {
                var address = stream.Listen[i];
                var claim = ListenerClaim.Of(ConfigKeyPath.Item(ConfigKeyPath.Stream(stream.StreamId, "Listen"), i), address, stream);
                if (!byAddress.TryGetValue(address, out var claims))
                {
                    byAddress.Add(address, [claim]);
                }
                else if (claims.Exists(other => ReferenceEquals(other.Stream, stream)))
                {
                    errors.Add(claim.Path, $"'{claim.Text}' is listed twice");
                }
                else if (address is { IsUdp: true, FirstPort: not 0 })
                {
                    errors.Add(claim.Path, $"'{claim.Text}' is taken by the stream '{claims[0].Stream!.StreamId}' already; nothing in a datagram tells two streams apart");
                }
                else if (address.Scheme == ListenScheme.Unix || address.FirstPort != 0)
                {
                    claims.Add(claim);
                }
            }
        }

        return [.. byAddress.Values];
    }

    /// <summary>The claims of forward proxies, which share their addresses with nobody.</summary>
    private static List<ListenerClaim> ForwardClaims(WmProxyConfig config, ConfigErrorCollector errors)
    {
        var claims = new List<ListenerClaim>();
        foreach (var proxy in config.ForwardProxies.Values)
        {
            for (var i = 0; i < proxy.Listen.Count; i++)
            {
                var claim = ListenerClaim.Of(ConfigKeyPath.Item(ConfigKeyPath.ForwardProxy(proxy.ProxyId, "Listen"), i), proxy.Listen[i], stream: null);
                if (proxy.Listen.Take(i).Contains(proxy.Listen[i]))
                {
                    errors.Add(claim.Path, $"'{claim.Text}' is listed twice");
                }
                else
                {
                    claims.Add(claim);
                }
            }
        }

        return claims;
    }

    private static List<ListenerClaim> KestrelClaims(ConfigValidationContext context, ConfigErrorCollector errors)
    {
        var claims = new List<ListenerClaim>();
        foreach (var endpoint in context.KestrelEndpoints)
        {
            try
            {
                claims.Add(ListenerClaim.OfKestrel(endpoint.Path, endpoint.Url));
                if (endpoint.HasHttp3 && endpoint.Url.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
                {
                    claims.Add(ListenerClaim.OfKestrel(endpoint.Path, endpoint.Url, isUdp: true));
                }
            }
            catch (FormatException)
            {
                errors.Add(endpoint.Path, $"{QuotedText.Quote(endpoint.Url)} is not an address of an HTTP endpoint; write it as 'http://localhost:8080' or 'https://*:8443'");
            }
        }

        return claims;
    }

    private static void AddOverlap(ListenerClaim a, ListenerClaim b, ConfigErrorCollector errors)
    {
        if (!a.IsOwn && !b.IsOwn)
        {
            // Kestrel's own affair, and it says so at start.
            return;
        }

        var (first, second) = !a.IsOwn || (b.IsOwn && string.CompareOrdinal(a.Path, b.Path) < 0) ? (a, b) : (b, a);
        var why = !second.IsUdp ? "; only streams with exactly the same address can share it" : first.IsOwn ? "" : ", as HTTP/3 is UDP";
        errors.Add(second.Path, $"'{second.Text}' takes the same address as {QuotedText.Quote(first.Text)} of {first.Path}{why}");
    }
}
