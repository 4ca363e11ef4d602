using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;

namespace WmProxy.Listeners;

/// <summary>An open address. What happens to its connections or datagrams may be replaced while it is open.</summary>
internal interface IBoundListener
{
    /// <summary>The key of its model, which is the same for all models that it ever has.</summary>
    string Key { get; }

    /// <summary>The addresses it is bound to, for logs.</summary>
    string Name { get; }

    /// <summary>What happens to whatever comes in from now on.</summary>
    ListenerModel Model { get; set; }

    /// <summary>Whether it takes anything; <see langword="false"/> after <see cref="Drain"/> and <see cref="Close"/>.</summary>
    bool IsOpen { get; }

    /// <summary>Whether it has the address, which <see cref="Drain"/> may leave to it for a while.</summary>
    bool IsBound { get; }

    /// <summary>The real port; 0 for a Unix domain socket.</summary>
    int Port { get; }

    IEnumerable<ListenerInfo> Describe();

    /// <summary>Starts to take what comes in.</summary>
    void Start();

    /// <summary>
    /// Takes nothing more at once; what was taken goes on. The address is free as soon as that does not need it any more (<see cref="IsBound"/>).
    /// </summary>
    void Drain();

    /// <summary>Takes nothing more at once. The address is free when this returns, and what needs it has ended.</summary>
    void Close();

    /// <summary>
    /// Keeps the address after <see cref="Drain"/> until <see cref="Resume"/> or <see cref="Release"/>; <see langword="false"/> when it is given up already.
    /// </summary>
    bool TryHold();

    /// <summary>Takes <see cref="TryHold"/> back.</summary>
    void Release();

    /// <summary>After <see cref="TryHold"/>: takes <see cref="Drain"/> back.</summary>
    void Resume();

    /// <summary>Opens the address again after <see cref="Close"/>, where the one that was to take its place could not be opened.</summary>
    /// <exception cref="SocketException">Somebody else was faster.</exception>
    /// <exception cref="IOException">Somebody else was faster.</exception>
    void Reopen();
}
