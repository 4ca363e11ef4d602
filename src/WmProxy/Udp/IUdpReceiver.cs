using System.Net;

namespace WmProxy.Udp;

/// <summary>A listening socket, and the sessions of whoever sends to it. Every member may be called from any thread.</summary>
internal interface IUdpReceiver
{
    /// <summary>Where it listens.</summary>
    IPEndPoint EndPoint { get; }

    void Start();

    /// <summary>Gives the sessions little time in which nothing moves: there will be no others on this socket.</summary>
    void Drain();

    /// <summary>Takes <see cref="Drain"/> back.</summary>
    void Resume();

    /// <summary>Closes the socket and ends its sessions, which could not be answered without it.</summary>
    void Close();
}
