using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using Microsoft.AspNetCore.Http;
using WmProxy.Clusters;
using Yarp.ReverseProxy.Model;
using Yarp.ReverseProxy.Utilities;

namespace WmProxy.Tests.Clusters;

public sealed class ClientIpHashPolicyTests
{
    private static readonly IPAddress[] Clients = Enumerable.Range(0, 12_000).Select(i => new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i])).ToArray();

    private readonly ClientIpHashPolicy _policy = new(new SeededRandomFactory());

    [Fact]
    public void PickDestination_SameClient_SameDestination()
    {
        var first = Assign(Create(("a", null), ("b", null), ("c", null)));
        var second = Assign(Create(("c", null), ("A", null), ("b", null)));
        Assert.Equal(first, second, StringComparer.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("192.0.2.1", "b")]
    [InlineData("198.51.100.7", "a")]
    [InlineData("2001:db8::1", "b")]
    public void PickDestination_KnownClient_IsTheSameInEveryProcessAndVersion(string client, string expected)
    {
        var cluster = Create(("a", null), ("b", null), ("c", null));
        Assert.Equal(expected, _policy.PickDestination(IPAddress.Parse(client), cluster, cluster.DestinationsState.AvailableDestinations)!.DestinationId);
    }

    [Fact]
    public void PickDestination_EqualWeights_SpreadsEvenly()
    {
        var counts = Assign(Create(("a", null), ("b", null), ("c", null))).CountBy(id => id).ToDictionary();
        Assert.All(counts.Values, count => Assert.InRange(count, 3800, 4200));
        Assert.Equal(3, counts.Count);
    }

    [Fact]
    public void PickDestination_Weights_AreRespected()
    {
        var counts = Assign(Create(("a", "4"), ("b", "2"), ("c", "0"))).CountBy(id => id).ToDictionary();
        Assert.InRange(counts["a"], 7800, 8200);
        Assert.InRange(counts["b"], 3800, 4200);
        Assert.False(counts.ContainsKey("c"));
    }

    [Fact]
    public void PickDestination_DestinationGoes_MovesOnlyItsClients()
    {
        var before = Assign(Create(("a", null), ("b", null), ("c", null), ("d", null)));
        var after = Assign(Create(("a", null), ("b", null), ("d", null)));
        for (var i = 0; i < Clients.Length; i++)
        {
            if (before[i] != "c")
            {
                Assert.Equal(before[i], after[i]);
            }
        }

        Assert.Equal(3, before.Zip(after).Where(pair => pair.First == "c").Select(pair => pair.Second).Distinct().Count());
    }

    [Fact]
    public void PickDestination_WeightGrows_MovesClientsOnlyThere()
    {
        var before = Assign(Create(("a", "1"), ("b", "1"), ("c", "1")));
        var after = Assign(Create(("a", "1"), ("b", "2"), ("c", "1")));
        var moved = before.Zip(after).Where(pair => pair.First != pair.Second).ToArray();
        Assert.All(moved, pair => Assert.Equal("b", pair.Second));
        Assert.InRange(moved.Length, 1700, 2300);
    }

    [Fact]
    public void PickDestination_IPv4MappedClient_IsTheIPv4Client()
    {
        var cluster = Create(("a", null), ("b", null), ("c", null));
        var available = cluster.DestinationsState.AvailableDestinations;
        Assert.All(Clients.Take(200), client =>
            Assert.Same(_policy.PickDestination(client, cluster, available), _policy.PickDestination(client.MapToIPv6(), cluster, available)));
    }

    [Fact]
    public void PickDestination_IPv6Neighbours_AreDifferentClients()
    {
        var cluster = Create(("a", null), ("b", null), ("c", null));
        var ids = Enumerable.Range(0, 100).Select(i => _policy.PickDestination(IPAddress.Parse($"2001:db8::{i:x}"), cluster, cluster.DestinationsState.AvailableDestinations)!.DestinationId);
        Assert.Equal(3, ids.Distinct().Count());
    }

    [Fact]
    public void PickDestination_HttpContext_UsesItsClient()
    {
        var cluster = Create(("a", null), ("b", null), ("c", null));
        var available = cluster.DestinationsState.AvailableDestinations;
        Assert.All(Clients.Take(50), client =>
        {
            var context = new DefaultHttpContext();
            context.Connection.RemoteIpAddress = client;
            Assert.Same(_policy.PickDestination(client, cluster, available), _policy.PickDestination(context, cluster, available));
        });
    }

    [Fact]
    public void PickDestination_NoClientAddress_Spreads()
    {
        var cluster = Create(("a", null), ("b", null), ("c", null));
        var ids = Enumerable.Range(0, 200).Select(_ => _policy.PickDestination((IPAddress?)null, cluster, cluster.DestinationsState.AvailableDestinations)!.DestinationId);
        Assert.Equal(3, ids.Distinct().Count());
    }

    [Fact]
    public void PickDestination_NoDestination_IsNull() => Assert.Null(_policy.PickDestination(Clients[0], TestCluster.Create(), []));

    private static ClusterState Create(params (string Id, string? Weight)[] destinations) =>
        TestCluster.Create([.. destinations.Select(destination => TestCluster.Destination(destination.Id, destination.Weight))]);

    private List<string> Assign(ClusterState cluster) =>
        [.. Clients.Select(client => _policy.PickDestination(client, cluster, cluster.DestinationsState.AvailableDestinations)!.DestinationId)];

    private sealed class SeededRandomFactory : IRandomFactory
    {
        private readonly Random _random = new(1);

        public Random CreateRandomInstance() => _random;
    }
}
