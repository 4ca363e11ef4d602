using System;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>
/// Passes a client's datagrams on. Every destination is judged before anything is sent to it, and again every few seconds; datagrams wait for the first
/// verdict, within bounds, and hold nobody else up.
/// </summary>
internal sealed class AssociationRequests
{
    private const int MaxJudgements = 16;

    private static readonly TimeSpan VerdictLifetime = TimeSpan.FromSeconds(5);

    private readonly UdpAssociateContext _context;
    private readonly SocksClient _client;
    private readonly AssociationDestinations _destinations;
    private readonly AssociationEgress _egress;
    private readonly AssociationTraffic _traffic;
    private readonly AssociationBandwidth _bandwidth;
    private readonly AssociationTasks _tasks;
    private readonly UdpParents _parents;
    private readonly CancellationToken _stopping;
    private int _judgements;

    /// <param name="context">What it works with.</param>
    /// <param name="client">Whose they are.</param>
    /// <param name="destinations">Where they go.</param>
    /// <param name="egress">Sends them.</param>
    /// <param name="parents">The parents that some go through.</param>
    /// <param name="bandwidth">Their limits.</param>
    /// <param name="traffic">Is told what is dropped.</param>
    /// <param name="tasks">Takes what goes on.</param>
    /// <param name="stopping">Ends it.</param>
    public AssociationRequests(
        UdpAssociateContext context,
        SocksClient client,
        AssociationDestinations destinations,
        AssociationEgress egress,
        UdpParents parents,
        AssociationBandwidth bandwidth,
        AssociationTraffic traffic,
        AssociationTasks tasks,
        CancellationToken stopping)
    {
        (_context, _client, _destinations, _egress, _parents) = (context, client, destinations, egress, parents);
        (_bandwidth, _traffic, _tasks, _stopping) = (bandwidth, traffic, tasks, stopping);
    }

    /// <summary>The rules in force, which a reload may have changed since the client came.</summary>
    private ForwardProxyModel Proxy => _client.Proxy.State.Current ?? _client.Proxy;

    /// <inheritdoc cref="AssociationClient.Receiver"/>
    public void Pass(ReadOnlySpan<byte> address, ReadOnlySpan<byte> data)
    {
        AssociationDestination? destination;
        var isToJudge = false;
        var proxy = Proxy;
        lock (_destinations.Lock)
        {
            if (!_destinations.TryGet(address, out destination))
            {
                _traffic.Dropped(UdpDropReason.Malformed);
                return;
            }

            if (destination.NeedsJudgement(_context.TimeProvider.GetTimestamp(), proxy) && _judgements < MaxJudgements)
            {
                // What was allowed goes on until there is a new verdict, unless the rules have changed; what was refused waits for it.
                destination.IsJudged &= destination.Refusal is null && destination.JudgedBy == proxy;
                destination.IsJudging = isToJudge = true;
                _judgements++;
            }
        }

        if (isToJudge)
        {
            Judge(destination);
        }

        lock (_destinations.Lock)
        {
            if (destination.IsJudged && destination.JudgedBy == proxy)
            {
                _egress.Send(destination, data);
            }
            else if (!destination.IsJudging || !_destinations.TryHold(destination, data))
            {
                _traffic.Dropped(UdpDropReason.Resolving);
            }
        }
    }

    private void Judge(AssociationDestination destination)
    {
        var judging = JudgeAsync(destination);
        if (!judging.IsCompletedSuccessfully)
        {
            _tasks.Add(judging);
        }
    }

    private async Task JudgeAsync(AssociationDestination destination)
    {
        while (true)
        {
            var proxy = Proxy;
            var (verdict, parent) = await GetVerdictAsync(proxy, destination.Target);
            lock (_destinations.Lock)
            {
                if (proxy == Proxy || _stopping.IsCancellationRequested)
                {
                    Apply(destination, verdict, parent, proxy);
                    return;
                }
            }
        }
    }

    private async ValueTask<(ForwardVerdict Verdict, UdpParent? Parent)> GetVerdictAsync(ForwardProxyModel proxy, ForwardTarget target)
    {
        try
        {
            var verdict = await _context.Dialer.JudgeAsync(proxy, _client.Ask(ForwardCommand.UdpAssociate, target), _stopping);
            return verdict is { IsAllowed: true, ClusterId: { } clusterId } ? (verdict, await _parents.GetAsync(proxy, clusterId, _stopping)) : (verdict, null);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return (ForwardVerdict.Refused(ForwardRefusal.Failed, null), null);
        }
        catch (Exception ex)
        {
            _context.JudgementFailed(_client.State, target, ex);
            return (ForwardVerdict.Refused(ForwardRefusal.Failed, null), null);
        }
    }

    private void Apply(AssociationDestination destination, in ForwardVerdict verdict, UdpParent? parent, ForwardProxyModel proxy)
    {
        _judgements--;
        var lifetime = (long)(VerdictLifetime.TotalSeconds * _context.TimeProvider.TimestampFrequency);
        destination.Apply(verdict, parent, proxy, _context.TimeProvider.GetTimestamp() + lifetime);
        destination.Bandwidth = _bandwidth.Rent(verdict.Rule?.Bandwidth);
        parent?.Bandwidth = destination.Bandwidth;
        _destinations.SetPeer(destination, destination.Refusal is null && parent is null ? verdict.Addresses : []);
        _context.Judged(_client.State, destination.Target, verdict, destination.Refusal);
        while (_destinations.TryRelease(destination, out var data))
        {
            _egress.Send(destination, data);
        }
    }
}
