using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration;

namespace WmProxy.Listeners;

/// <summary>What makes an address the same listener after a reload.</summary>
internal static class ListenerKey
{
    /// <summary>One address for each port of a range.</summary>
    public static IEnumerable<ListenAddress> Expand(ListenAddress address) =>
        Enumerable.Range(address.FirstPort, address.LastPort - address.FirstPort + 1).Select(port => address with { FirstPort = port, LastPort = port });

    /// <summary>The key of an address with a single port.</summary>
    /// <param name="address">The address.</param>
    /// <param name="owner">Who asks for it: any number may ask for "a free port" of the same address, and each gets, and keeps, one of its own.</param>
    /// <param name="listen">All addresses of the owner.</param>
    public static string Of(ListenAddress address, string owner, IEnumerable<ListenAddress> listen)
    {
        var protocol = address.IsUdp ? "udp:" : "";
        return address switch
        {
            { Scheme: ListenScheme.Unix } => $"unix:{address.Host}",
            { FirstPort: 0 } => $"{protocol}{address.Host}:0 {owner} {listen.TakeWhile(other => other != address).Count()}",
            _ => $"{protocol}{address.Host}:{address.FirstPort}",
        };
    }
}
