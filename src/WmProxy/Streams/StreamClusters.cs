using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using WmProxy.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Streams;

/// <summary>Makes the clusters of streams that name their destinations with <c>To</c>.</summary>
internal static class StreamClusters
{
    /// <summary>The cluster of a stream: its <c>ClusterId</c>, or the one named after it.</summary>
    public static string IdOf(StreamConfig stream) => stream.ClusterId ?? stream.StreamId;

    public static IEnumerable<ClusterConfig> Create(WmProxyConfig config)
    {
        return config.Streams.Values.Where(stream => stream.To.Count > 0).Select(stream => new ClusterConfig
        {
            ClusterId = stream.StreamId,
            Destinations = stream.To
                .Select((address, index) => (address, index))
                .ToDictionary(
                    item => (item.index + 1).ToString(CultureInfo.InvariantCulture),
                    item => new DestinationConfig { Address = item.address },
                    StringComparer.OrdinalIgnoreCase),
        });
    }
}
