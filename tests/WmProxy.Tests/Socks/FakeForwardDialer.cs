using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.Tests.Socks;

/// <summary>Allows everything and dials it directly, unless told otherwise; remembers what it was asked.</summary>
internal sealed class FakeForwardDialer : IForwardDialer
{
    private readonly ConcurrentQueue<ForwardRequest> _judged = new();
    private readonly ConcurrentQueue<ForwardRequest> _dialled = new();

    public ForwardRule Rule { get; set; } = new() { Config = new ForwardRuleConfig { Action = ForwardRuleAction.Allow }, Index = 0 };

    /// <summary>What names resolve to.</summary>
    public Dictionary<string, IPAddress[]> Names { get; } = [];

    /// <summary>Refuses what it gives anything but None for.</summary>
    public Func<ForwardRequest, ForwardRefusal> Refuse { get; set; } = static _ => ForwardRefusal.None;

    /// <summary>What verdicts wait for.</summary>
    public Func<ForwardRequest, CancellationToken, Task> Wait { get; set; } = static (_, _) => Task.CompletedTask;

    public IReadOnlyList<ForwardRequest> Judged => [.. _judged];

    public IReadOnlyList<ForwardRequest> Dialled => [.. _dialled];

    public async ValueTask<ForwardDialResult> DialAsync(ForwardProxyModel proxy, ForwardRequest request, TransportStream? beside, CancellationToken cancellationToken)
    {
        _dialled.Enqueue(request);
        var verdict = await GetVerdictAsync(request, cancellationToken);
        if (!verdict.IsAllowed)
        {
            var failure = verdict.Refusal == ForwardRefusal.RuleDenied ? ConnectionEndReason.DestinationDenied : ConnectionEndReason.ConnectFailed;
            return ForwardDialResult.Refused(verdict.Refusal, failure, "as the test wants");
        }

        var connected = await SocketConnect.ConnectAsync(new IPEndPoint(verdict.Addresses[0], request.Target.Port), null, default, cancellationToken);
        return connected.IsConnected
            ? new ForwardDialResult { Stream = connected.Stream, Rule = verdict.Rule }
            : ForwardDialResult.Refused(
                connected.Code == SocketError.ConnectionRefused ? ForwardRefusal.ConnectionRefused : ForwardRefusal.Failed, connected.Failure, connected.Error);
    }

    public ValueTask<ForwardDialResult> DialAsync(
        ForwardProxyModel proxy, ForwardRequest request, ForwardVerdict verdict, TransportStream? beside, CancellationToken cancellationToken) =>
        DialAsync(proxy, request, beside, cancellationToken);

    public ValueTask<ForwardVerdict> JudgeAsync(ForwardProxyModel proxy, ForwardRequest request, CancellationToken cancellationToken)
    {
        _judged.Enqueue(request);
        return GetVerdictAsync(request, cancellationToken);
    }

    private async ValueTask<ForwardVerdict> GetVerdictAsync(ForwardRequest request, CancellationToken cancellationToken)
    {
        await Wait(request, cancellationToken);
        if (Refuse(request) is var refusal and not ForwardRefusal.None)
        {
            return ForwardVerdict.Refused(refusal, "as the test wants");
        }

        if (Rule.ClusterId is { } cluster)
        {
            return new ForwardVerdict(Rule, cluster, [], ForwardRefusal.None, null);
        }

        var addresses = request.Target.Address is { } address ? [address] : Names.GetValueOrDefault(request.Target.Host, []);
        return addresses.Length == 0 ? ForwardVerdict.Refused(ForwardRefusal.NameNotResolved, "no such name") : new ForwardVerdict(Rule, null, addresses, ForwardRefusal.None, null);
    }
}
