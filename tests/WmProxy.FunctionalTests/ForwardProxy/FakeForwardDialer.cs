using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;

namespace WmProxy.FunctionalTests.ForwardProxy;

/// <summary>Knows destinations by the names that a test gives them, and refuses what the test says; judges by the configured rules as far as names go.</summary>
internal sealed class FakeForwardDialer : IForwardDialer
{
    private readonly ConcurrentDictionary<string, EndPoint> _destinations = new();
    private readonly ConcurrentDictionary<string, ForwardRefusal> _refusals = new();
    private int _dials;

    /// <summary>All that was asked for.</summary>
    public ConcurrentQueue<ForwardRequest> Requests { get; } = new();

    /// <summary>How many connections were opened.</summary>
    public int Dials => Volatile.Read(ref _dials);

    /// <summary>Completed by the test to let dials go on; <see langword="null"/> where they do at once.</summary>
    public TaskCompletionSource? Gate { get; set; }

    /// <param name="target"><c>name:port</c>.</param>
    /// <param name="endPoint">Where that is.</param>
    public void Map(string target, EndPoint endPoint) => _destinations[target] = endPoint;

    /// <summary>Refuses <paramref name="target"/>: while judging, or only when it is dialled.</summary>
    public void Refuse(string target, ForwardRefusal refusal) => _refusals[target] = refusal;

    public async ValueTask<ForwardDialResult> DialAsync(
        ForwardProxyModel proxy, ForwardRequest request, TransportStream? beside, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        return await ConnectAsync(proxy, request, beside, cancellationToken);
    }

    public ValueTask<ForwardDialResult> DialAsync(
        ForwardProxyModel proxy, ForwardRequest request, ForwardVerdict verdict, TransportStream? beside, CancellationToken cancellationToken) =>
        ConnectAsync(proxy, request, beside, cancellationToken);

    private async ValueTask<ForwardDialResult> ConnectAsync(
        ForwardProxyModel proxy, ForwardRequest request, TransportStream? beside, CancellationToken cancellationToken)
    {
        if (Gate is { } gate)
        {
            await gate.Task.WaitAsync(cancellationToken);
        }

        if (_refusals.TryGetValue(request.Target.ToString(), out var refusal))
        {
            return ForwardDialResult.Refused(
                refusal, refusal == ForwardRefusal.Timeout ? ConnectionEndReason.ConnectTimeout : ConnectionEndReason.ConnectFailed, refusal.ToString());
        }

        var endPoint = _destinations.TryGetValue(request.Target.ToString(), out var known) ? known : new IPEndPoint(request.Target.Address!, request.Target.Port);
        var result = await SocketConnect.ConnectAsync(endPoint, beside, default, cancellationToken);
        Interlocked.Increment(ref _dials);
        return result.IsConnected
            ? new ForwardDialResult { Stream = result.Stream, Rule = proxy.Rules.Find(request, request.Target.Host, request.Target.Address, out _), Address = IPAddress.Loopback }
            : ForwardDialResult.Refused(ForwardRefusal.ConnectionRefused, result.Failure, result.Error);
    }

    public ValueTask<ForwardVerdict> JudgeAsync(ForwardProxyModel proxy, ForwardRequest request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        if (_refusals.TryGetValue(request.Target.ToString(), out var refusal) && refusal is ForwardRefusal.RuleDenied or ForwardRefusal.GuardDenied or ForwardRefusal.Loop)
        {
            return new(ForwardVerdict.Refused(refusal, refusal.ToString()));
        }

        var rule = proxy.Rules.Find(request, request.Target.Host, request.Target.Address, out _);
        return new(rule is { IsAllow: true }
            ? new ForwardVerdict(rule, null, (IReadOnlyList<IPAddress>)[IPAddress.Loopback], ForwardRefusal.None, null)
            : ForwardVerdict.Refused(ForwardRefusal.RuleDenied, "No rule allows it."));
    }
}
