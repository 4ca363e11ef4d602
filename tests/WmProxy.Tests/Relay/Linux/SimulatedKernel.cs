using System;
using System.Runtime.Versioning;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>
/// Two sockets and some pipes, whose peers do at random what peers and networks do, also in the middle of what a relay does. Everything follows from the
/// seed.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class SimulatedKernel
{
    public const int Client = 7;
    public const int Upstream = 9;

    private const int LongestStream = 1024 * 1024;

    private static readonly byte[] FromClient = TestData.Create(LongestStream, 1);
    private static readonly byte[] FromUpstream = TestData.Create(LongestStream, 2);

    private readonly int _largestMessage;
    private readonly int _oddsOfReset;
    private readonly int _oddsOfUrgent;
    private readonly int _oddsOfNoPipe;
    private bool _isQuiet;

    public SimulatedKernel(int seed)
    {
        Random = new Random(seed);
        _largestMessage = Random.Next(4) switch
        {
            0 => 10,
            1 => 5_000,
            2 => 40_000,
            _ => 200_000,
        };
        _oddsOfReset = Random.Next(2) == 0 ? 8 : int.MaxValue;
        _oddsOfUrgent = Random.Next(4) == 0 ? 10 : int.MaxValue;
        _oddsOfNoPipe = Random.Next(3) == 0 ? 2 : int.MaxValue;
        ClientSocket = new SimulatedSocket(this, FromClient);
        UpstreamSocket = new SimulatedSocket(this, FromUpstream) { Other = ClientSocket };
        ClientSocket.Other = UpstreamSocket;
    }

    public Random Random { get; }

    public SimulatedSocket ClientSocket { get; }

    public SimulatedSocket UpstreamSocket { get; }

    public int Calls { get; private set; }

    public int PipesInUse { get; private set; }

    public bool FailureWasTold => ClientSocket.FailureWasTold || UpstreamSocket.FailureWasTold;

    /// <summary>The socket that is asked something. While it is asked, its peers go on.</summary>
    public SimulatedSocket Call(int socket)
    {
        Calls++;
        if (!_isQuiet && Random.Next(3) == 0)
        {
            LetPeersAct();
        }

        return socket == Client ? ClientSocket : UpstreamSocket;
    }

    public SimulatedPipe? RentPipe()
    {
        if (Random.Next(_oddsOfNoPipe) == 1)
        {
            return null;
        }

        PipesInUse++;
        return new SimulatedPipe();
    }

    public void ReturnPipe(SimulatedPipe pipe, int pending)
    {
        Assert.Equal(pipe.Count, pending);
        PipesInUse--;
    }

    /// <summary>Something happens to one of the sockets.</summary>
    public void LetPeersAct()
    {
        var socket = Random.Next(2) == 0 ? ClientSocket : UpstreamSocket;
        switch (Random.Next(20))
        {
            case < 10:
                socket.PeerSends(Random.Next(_largestMessage) + 1, Random.Next(_oddsOfUrgent) == 1);
                break;
            case < 18:
                socket.PeerReads(Random.Next(_largestMessage) + 1);
                break;
            case 18 when Random.Next(8) == 0:
                socket.PeerEnds();
                break;
            case 19 when Random.Next(_oddsOfReset) == 1:
                socket.PeerResets();
                break;
        }
    }

    /// <summary>From now on both peers only take what they are sent; whoever has not ended does so.</summary>
    public void BecomeQuiet()
    {
        _isQuiet = true;
        ClientSocket.PeerEnds();
        UpstreamSocket.PeerEnds();
    }

    /// <summary>Both peers take all that is there for them.</summary>
    public void LetPeersRead()
    {
        ClientSocket.PeerReads(int.MaxValue);
        UpstreamSocket.PeerReads(int.MaxValue);
    }
}
